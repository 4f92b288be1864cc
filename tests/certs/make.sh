#!/bin/sh
# Makes every certificate and key in this folder anew. Needs openssl 3.
set -eu
cd "$(dirname "$0")"
rm -f ./*.pem
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

LONG="20240101000000Z 21240101000000Z"

# key NAME KIND: a new private key
key() {
    case $2 in
    ec) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>"$work/noise" ;;
    p384) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out "$1" 2>"$work/noise" ;;
    ed) openssl genpkey -algorithm ED25519 -out "$1" 2>"$work/noise" ;;
    rsa) openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:4096 -out "$1" 2>"$work/noise" ;;
    esac
}

# cert NAME KIND SUBJECT ISSUER FROM TO EXTENSION...: NAME.pem and NAME-key.pem; the issuer may be NAME itself
cert() {
    name=$1 kind=$2 subject=$3 issuer=$4 from=$5 to=$6
    shift 6
    key "$name-key.pem" "$kind"
    printf '%s\n' "$@" >"$work/ext"
    openssl req -new -key "$name-key.pem" -subj "/CN=$subject" -out "$work/req"
    mkdir -p "$work/ca"
    : >"$work/ca/index"
    printf 'unique_subject = no\n' >"$work/ca/index.attr"
    printf '[ca]\ndefault_ca=d\n[d]\ndatabase=%s/ca/index\nnew_certs_dir=%s\nrand_serial=yes\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n' \
        "$work" "$work" >"$work/conf"
    self=
    [ "$issuer" = "$name" ] && self=-selfsign || self="-cert $issuer.pem"
    # shellcheck disable=SC2086
    openssl ca -batch -config "$work/conf" -notext -in "$work/req" -out "$name.pem" $self \
        -keyfile "$issuer-key.pem" -startdate "$from" -enddate "$to" -extfile "$work/ext" \
        2>"$work/noise" || { cat "$work/noise"; exit 1; }
}

CA="basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash"
SERVER="basicConstraints=CA:FALSE
extendedKeyUsage=serverAuth"
HOSTS="subjectAltName=DNS:acs.test,DNS:localhost,DNS:*.wild.test,IP:127.0.0.1,IP:::1"

# shellcheck disable=SC2086
{
    cert ca ec "Test CA" ca $LONG "$CA"
    cert other-ca ec "Other CA" other-ca $LONG "$CA"
    cert server ec "acs.test" ca $LONG "$SERVER" "$HOSTS"
    cert other-server ec "acs.test" other-ca $LONG "$SERVER" "$HOSTS"
    cert wrong-host ec "acs.test" ca $LONG "$SERVER" "subjectAltName=DNS:other.test"
    cert name-only ec "acs.test" ca $LONG "$SERVER"
    cert expired ec "acs.test" ca 20200101000000Z 20210101000000Z "$SERVER" "$HOSTS"
    cert future ec "acs.test" ca 21200101000000Z 21230101000000Z "$SERVER" "$HOSTS"
    cert self-signed ec "acs.test" self-signed $LONG "$CA" "$HOSTS"
    cert p384 p384 "acs.test" p384 $LONG "$SERVER" "$HOSTS"
    cert edwards ed "acs.test" edwards $LONG "$SERVER" "$HOSTS"
    # What a unique client certificate is named after: OUI and serial number (TR-069 3.3).
    cert client ec "001122-SN0001" ca $LONG "basicConstraints=CA:FALSE" "extendedKeyUsage=clientAuth"
    cert root rsa "Long root" root $LONG "$CA"
    above=root
    for n in 1 2 3 4; do
        cert "sub$n" rsa "Long sub $n" "$above" $LONG "$CA"
        above=sub$n
    done
    cert long rsa "acs.test" sub4 $LONG "$SERVER" "$HOSTS"
}
cat long.pem sub4.pem sub3.pem sub2.pem sub1.pem >long-chain.pem
# The same client key in its other two forms, and an RSA key in its older one.
openssl ec -in client-key.pem -out client-key-sec1.pem 2>"$work/noise"
openssl rsa -traditional -in long-key.pem -out long-key-pkcs1.pem 2>"$work/noise"
rm -f other-ca-key.pem root-key.pem sub*-key.pem sub*.pem long.pem ca-key.pem

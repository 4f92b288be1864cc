//! packaging/openwrt: that GNU make takes it as the build system does, with stand-ins for the files that it includes.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{Scratch, repository, run, stage, stdout, tree};

/// What rules.mk, package.mk and rust-package.mk give to a package, as far as this one uses it.
const RULES: &str = "CP:=cp -fpR\nPKG_BUILD_DIR=$(BUILD)/$(PKG_NAME)-$(PKG_VERSION)\nPKG_INSTALL_DIR=$(PKG_BUILD_DIR)/ipkg-install\n";
const PACKAGE: &str = "
define BuildPackage
prepare:
$(Build/Prepare)
compile:
$(Build/Compile)
install:
\tmkdir -p $(PKG_INSTALL_DIR)/bin
\tcp $(PROGRAM) $(PKG_INSTALL_DIR)/bin/cwmpd
$(call Package/$(1)/install,$(INTO))
show:
\t@printf '%s\\n' '$$($$(SHOW))'
endef
";
const RUST: &str = "
RUST_ARCH_DEPENDS:=@(mips||mipsel)
CARGO_PKG_VARS=CARGO_BUILD_TARGET=mips-unknown-linux-musl
define Build/Compile/Cargo
\t@echo '$(CARGO_PKG_VARS) cargo install $(if $(RUST_PKG_FEATURES),--features \"$(RUST_PKG_FEATURES)\") $(2)'
endef
";

struct Feed(Scratch);

impl Feed {
    fn new() -> Feed {
        let scratch = Scratch::new();
        for (path, text) in [
            ("top/rules.mk", RULES),
            ("top/include/package.mk", PACKAGE),
            ("top/feeds/packages/lang/rust/rust-package.mk", RUST),
            ("program", "a device program"),
        ] {
            let path = scratch.path(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        // As the build system comes by it.
        let link = scratch.path("top/package/cwmpd");
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(repository().join("packaging/openwrt"), link).unwrap();
        Feed(scratch)
    }

    fn make(&self, arguments: &[&str]) -> String {
        let top = self.0.path("top");
        let mut make = Command::new("make");
        make.args(["--no-print-directory", "-C"])
            .arg(top.join("package/cwmpd"))
            .args(arguments);
        for (name, path) in [
            ("TOPDIR", "top"),
            ("INCLUDE_DIR", "top/include"),
            ("BUILD", "build"),
            ("PROGRAM", "program"),
            ("INTO", "into"),
        ] {
            make.arg(format!("{name}={}", self.0.path(path).display()));
        }
        stdout(&mut make)
    }
}

#[test]
#[ignore = "needs make"]
fn the_feed_installs_what_the_packages_hold() {
    let feed = Feed::new();
    feed.make(&["prepare", "install"]);
    stage(&feed.0.path("program"), &feed.0.path("staged"));
    assert!(tree(&feed.0.path("into")) == tree(&feed.0.path("staged")));

    // All that the program is built of is there: cargo reads it, and finds the one program.
    let copy = feed
        .0
        .path(concat!("build/cwmpd-", env!("CARGO_PKG_VERSION")));
    let metadata = stdout(
        Command::new(env!("CARGO"))
            .args([
                "metadata",
                "--offline",
                "--locked",
                "--no-deps",
                "--format-version",
                "1",
            ])
            .arg("--manifest-path")
            .arg(copy.join("Cargo.toml")),
    );
    assert!(metadata.contains("\"name\":\"cwmpd\""));
    for part in ["src/main.rs", "LICENSE-MIT", "LICENSE-APACHE"] {
        assert!(copy.join(part).exists(), "{part}");
    }
}

#[test]
#[ignore = "needs make"]
fn the_feed_names_version_files_and_features_as_the_checkout_does() {
    let feed = Feed::new();
    let show = |name: &str| {
        feed.make(&["show", &format!("SHOW={name}")])
            .trim()
            .to_owned()
    };
    assert_eq!(show("PKG_VERSION"), env!("CARGO_PKG_VERSION"));
    assert_eq!(show("PKG_LICENSE"), "MIT OR Apache-2.0");
    assert_eq!(show("Package/cwmpd/conffiles"), "/etc/config/cwmp");

    let compile = |option: &str| feed.make(&["compile", option]);
    let with = compile("CONFIG_CWMPD_TLS=y");
    assert!(
        with.contains("--features \"tls\" --no-default-features --bin cwmpd"),
        "{with}"
    );
    assert!(with.contains("CARGO_PROFILE_RELEASE_PANIC=abort"), "{with}");
    assert!(!compile("CONFIG_CWMPD_TLS=").contains("--features \""));

    // What a device build has, there is an option for.
    let manifest = fs::read_to_string(repository().join("Cargo.toml")).unwrap();
    let device = manifest
        .lines()
        .find_map(|line| line.strip_prefix("device = ["));
    let features = device.and_then(|list| list.split(']').next()).unwrap();
    let options = fs::read_to_string(repository().join("packaging/openwrt/Config.in")).unwrap();
    for feature in features.split(',') {
        let feature = feature.trim().trim_matches('"');
        let option = format!("CWMPD_{}", feature.to_uppercase().replace('-', "_"));
        assert!(options.contains(&format!("config {option}\n")), "{option}");
        assert!(show("PKG_CONFIG_DEPENDS").contains(&format!("CONFIG_{option}")));
        let compiled = compile(&format!("CONFIG_{option}=y"));
        assert!(compiled.contains(&format!("\"{feature}\"")), "{compiled}");
    }
}

#[test]
#[ignore = "needs make"]
fn the_feed_takes_back_what_was_set_up_but_not_in_an_upgrade_or_an_image() {
    let feed = Feed::new();
    let script = feed.0.path("prerm");
    let makefile = fs::read_to_string(repository().join("packaging/openwrt/Makefile")).unwrap();
    let prerm = makefile
        .split("define Package/cwmpd/prerm\n")
        .nth(1)
        .unwrap();
    let prerm = prerm.split("endef").next().unwrap().replace("$$", "$");
    let calls = feed.0.path("calls");
    let record = format!("echo called >>{} #", calls.display());
    fs::write(
        &script,
        prerm.replace("/usr/lib/cwmpd/setup remove", &record),
    )
    .unwrap();
    let called = |environment: &[(&str, &str)]| {
        let _ = fs::remove_file(&calls);
        let mut command = Command::new("sh");
        run(command.arg(&script).envs(environment.iter().copied()));
        Path::exists(&calls)
    };
    assert!(called(&[]));
    assert!(called(&[("PKG_UPGRADE", "0")]));
    assert!(!called(&[("PKG_UPGRADE", "1")]));
    assert!(!called(&[("IPKG_INSTROOT", "/somewhere")]));
}

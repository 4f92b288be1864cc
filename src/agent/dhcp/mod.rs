//! What DHCP says of the ACS, and when it counts (TR-069 3.1).
//!
//! A DHCP client's hook hands its options over with `cwmp dhcp`; they are kept in the state. [`in_force`] weighs them
//! against the configuration, which the ACS changes too: what the ACS has set stands before a later lease, until the
//! ACS that it named cannot be reached any more. Then DHCP is asked again (`ask`), through the hook `dhcp-renew`.

mod ask;
mod weigh;

use super::Agent;
use super::clock::Now;
use super::command::{Command, Reply};
use super::files::{self, read_capped};
use crate::say::{error, info, warn};
use crate::wire::dhcp::{
    Gateway, Offer, Problem, Reading, from_hex, option_17, option_43, option_125,
};
use crate::wire::json;

pub(super) use ask::Discoverer;
pub(super) use weigh::{CODE, overrule};
pub use weigh::{InForce, Source, in_force, offer};

/// Longest text of commands that was left for the daemon: see [`files::DHCP_COMMANDS`].
pub const MAX_COMMANDS: usize = 64 * 1024;

impl Agent {
    /// Weighs anew after a change of the configuration or of DHCP's word.
    pub(super) fn weigh_dhcp(&mut self) {
        let new = in_force(&self.config, &self.store.state.dhcp);
        if new.url != self.in_force.url {
            info!(
                "acs url: url={} source={}",
                new.url.as_deref().unwrap_or("(none)"),
                new.url_source.word()
            );
            self.dhcp.unreachable = None; // that was another one
        }
        self.in_force = new;
    }

    /// `cwmp dhcp`: takes over what a lease says, and lets it count at once.
    pub(super) fn dhcp_command(&mut self, command: Command, now: Now) -> Reply {
        let text = match self.take_lease(command, now) {
            Ok(text) => text,
            Err(text) => return Reply::Error { text },
        };
        self.save(now);
        self.dhcp.changed = true;
        Reply::info(text)
    }

    /// Lets what DHCP says count, as soon as no transaction is open that shows what counts now.
    pub(super) fn apply_dhcp(&mut self, now: Now) {
        if !self.dhcp.changed || self.work.is_committing() {
            return;
        }
        self.dhcp.changed = false;
        self.moved = true;
        let before = self.in_force.clone();
        self.apply_values(now);
        if self.in_force != before {
            (self.listen_wanted, self.configure_wanted) = (true, true);
        }
        self.want_check(now);
        self.save(now);
    }

    /// Puts what a lease says into the state, to be saved. The error: nothing of it could be used.
    fn take_lease(&mut self, command: Command, now: Now) -> Result<String, String> {
        let Command::Dhcp {
            clear,
            opt43,
            opt125,
            opt17,
            interface,
        } = command
        else {
            return Err("no lease".to_owned());
        };
        let wan = &self.config.cpe.wan_interface;
        if let Some(interface) = interface.filter(|name| !is_wan(wan, name)) {
            return Ok(format!(
                "ignored: leases of {interface:?} do not count, cpe.default_wan_interface is {wan:?}"
            ));
        }
        let dhcp = &mut self.store.state.dhcp;
        if clear {
            (dhcp.v4, dhcp.v6) = Default::default();
            info!("dhcp: what leases said is forgotten");
        }
        let mut problems = Vec::new();
        let mut read =
            |name: &str, hex: &Option<String>, reader: fn(&[u8]) -> Result<Reading, Problem>| {
                let reading = from_hex(hex.as_deref()?).and_then(|data| reader(&data));
                let (offer, told) = match reading {
                    Ok(reading) => (Some(reading.offer), reading.problems),
                    Err(problem) => (None, vec![problem]),
                };
                problems.extend(
                    told.iter()
                        .map(|problem| format!("option {name}: {problem}")),
                );
                offer
            };
        // TR-069 3.1: of both, option 43 counts.
        let first = read("43", &opt43, option_43).unwrap_or_default();
        let second = read("125", &opt125, option_125);
        let gateway = second.as_ref().map(|offer| offer.gateway.clone());
        let v4 = first.or(&second.unwrap_or_default());
        let v6 = read("17", &opt17, option_17);
        let gateway_v6 = v6.as_ref().map(|offer| offer.gateway.clone());
        let v6 = v6.unwrap_or_default();
        if v4.url.is_some() || v6.url.is_some() {
            self.dhcp.answered = Some(now.instant);
        }
        let useful = [&v4, &v6]
            .into_iter()
            .any(|offer| *offer != Offer::default());
        replace(&mut dhcp.v4, v4, gateway);
        replace(&mut dhcp.v6, v6, gateway_v6);
        for problem in &problems {
            warn!("dhcp: {problem}");
        }
        match (useful, problems.is_empty()) {
            (false, false) if !clear => Err(problems.join("; ")),
            (false, true) if !clear => Ok("the lease says nothing of CWMP".to_owned()),
            _ => Ok("taken".to_owned()),
        }
    }

    /// Takes what hooks left while no daemon ran. To be called once the control socket listens, so that whoever writes
    /// there after this look finds somebody to tell.
    pub(super) fn take_left_commands(&mut self, now: Now) {
        let path = self.root.join(files::DHCP_COMMANDS);
        let text = match read_capped(&path, MAX_COMMANDS) {
            Ok(text) => text,
            Err(error) if error.is_missing() => return,
            Err(error) => {
                error!("leases not taken: reason=\"{error}\"");
                let _ = std::fs::remove_file(&path);
                return;
            }
        };
        for line in text
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            match json::parse_bytes(line).and_then(Command::read) {
                Ok(command @ Command::Dhcp { .. }) => {
                    // What is wrong with it is in the log.
                    let _ = self.take_lease(command, now);
                }
                _ => warn!("dhcp: a line of {} is no lease", path.display()),
            }
        }
        if self.save(now) {
            let _ = std::fs::remove_file(&path);
        }
    }
}

/// What a lease leaves out stays as an earlier one said it: servers leave it out of renewals. A gateway is there or not
/// (TR-069 Annex F), if the option that would tell was handed over.
fn replace(kept: &mut Offer, new: Offer, gateway: Option<Gateway>) {
    let gateway = gateway.unwrap_or_else(|| kept.gateway.clone());
    *kept = Offer {
        gateway,
        ..new.or(kept)
    };
}

/// Whether leases of `interface` count. OpenWrt has the IPv6 half of `wan` as `wan6` or `wan_6`.
fn is_wan(wan: &str, interface: &str) -> bool {
    let rest = interface.strip_prefix(wan);
    wan.is_empty() || interface.is_empty() || matches!(rest, Some("" | "6" | "_6"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_half_of_the_wan_interface_is_one_of_its_names() {
        for (wan, interface, is) in [
            ("", "lan", true),
            ("wan", "", true),
            ("wan", "wan", true),
            ("wan", "wan6", true),
            ("wan", "wan_6", true),
            ("wan", "wan2", false),
            ("wan", "lan", false),
            ("wan6", "wan", false),
        ] {
            assert_eq!(is_wan(wan, interface), is, "{wan} {interface}");
        }
    }
}

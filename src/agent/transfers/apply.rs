//! What becomes of a file that was downloaded: a hook applies it, by its FileType (TR-069 table 30).

use std::time::Duration;

use mio::Registry;

use super::Step;
use crate::agent::clock::Now;
use crate::agent::state::{Stage, Transfer};
use crate::agent::{Agent, WHO_TRANSFER, files};
use crate::datamodel::{Code, DataModel, Fault};
use crate::jobs::hook::{Hook, HookFailure};
use crate::net::reactor::token;
use crate::say::warn;

/// What a hook may take. Packages are unpacked onto slow flash.
const HOOK_LIMIT: Duration = Duration::from_secs(600);
/// From the start of a firmware upgrade to the reboot.
pub(super) const FIRMWARE_LIMIT: Duration = Duration::from_secs(900);
/// The exit status of a hook for what this device has no use for.
const NOT_DONE_HERE: i32 = 3;
/// The exit status of a hook that has done its work, but the device must reboot for it.
const REBOOT_NEEDED: i32 = 10;

/// Whether applying it ends with another boot, whose SoftwareVersion says how it went.
pub(super) fn reboots(transfer: &Transfer) -> bool {
    transfer.order.file_type.starts_with("1 ")
}

/// What the hook `firmware-check` thinks of an image.
pub(super) fn checked(result: Result<(), HookFailure>) -> Result<(), Fault> {
    result.map_err(|failure| match failure.status() {
        Some(2) => Fault::new(
            Code::FILE_AUTHENTICATION,
            "the image is not signed as it must be",
        ),
        _ => Fault::new(
            Code::FILE_CORRUPTED,
            format!("the image is not for this device, or damaged: {failure}"),
        ),
    })
}

impl Agent {
    /// Starts a hook that does what the ACS ordered; `who` is told of it.
    pub(in crate::agent) fn start_hook(
        &mut self,
        who: u8,
        name: &str,
        arguments: &[String],
        now: Now,
        registry: &Registry,
    ) -> Result<Hook, Fault> {
        let path = self.root.join(files::HOOKS_DIR).join(name);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Hook::start(
            &mut self.spawn,
            &path,
            &arguments,
            HOOK_LIMIT,
            token(who, 0),
            now.instant,
            registry,
        )
        .map_err(|failure| {
            warn!("hook failed: name={name} reason=\"{failure}\"");
            Fault::internal(failure.to_string())
        })
    }

    /// Applies what was downloaded. That it begins is on disk before it does (DL-18).
    pub(super) fn apply(&mut self, id: u64, now: Now, registry: &Registry) -> Result<Step, Fault> {
        let file = self.transfer_file(id).to_string_lossy().into_owned();
        let software = self.software_version();
        let gone = || Fault::internal("cancelled");
        let transfer = self.transfer(id).ok_or_else(gone)?;
        let target = transfer.order.target_file_name.clone();
        let (name, arguments) = match transfer.order.file_type.as_bytes().first() {
            Some(b'1') => (
                "firmware-apply",
                vec![file, transfer.order.command_key.clone()],
            ),
            Some(b'2') => ("web-content-apply", vec![file, target]),
            Some(b'3') => ("config-apply", vec![file, target]),
            Some(b'6') => ("stored-image-apply", vec![file, target]),
            _ => (
                "file-apply",
                vec![transfer.order.file_type.clone(), file, target],
            ),
        };
        transfer.stage = Stage::Applying;
        if !software.is_empty() {
            transfer.software = software;
        }
        if !self.save(now) {
            if let Some(transfer) = self.transfer(id) {
                transfer.stage = Stage::Waiting;
            }
            return Err(Fault::internal("that it is applied could not be stored"));
        }
        self.start_hook(WHO_TRANSFER, name, &arguments, now, registry)
            .map(Step::Applying)
    }

    /// A hook has applied it, or not. `Some`: the device is to go down.
    pub(super) fn applied(
        &mut self,
        id: u64,
        result: Result<(), HookFailure>,
        now: Now,
    ) -> Option<Step> {
        self.moved = true;
        let firmware = self.transfer(id).is_some_and(|transfer| reboots(transfer));
        let status = result.as_ref().err().and_then(HookFailure::status);
        let result = match result {
            Ok(()) if firmware => return Some(Step::Leaving(now.instant + FIRMWARE_LIMIT)),
            Err(_) if status == Some(REBOOT_NEEDED) && !firmware => {
                self.store.state.deferred.reboot_needed = true;
                self.hook_wanted = true;
                Ok(())
            }
            Ok(()) => Ok(()),
            Err(failure) => {
                let code = match status {
                    Some(NOT_DONE_HERE) => Code::REQUEST_DENIED,
                    _ => Code::FILE_CORRUPTED,
                };
                Err(Fault::new(code, format!("it was not applied: {failure}")))
            }
        };
        self.finish_transfer(id, result, now);
        None
    }

    /// The device has booted.
    pub(in crate::agent) fn transfers_booted(&mut self) {
        for transfer in &mut self.store.state.transfers {
            if transfer.stage == Stage::Applying && reboots(transfer) {
                transfer.stage = Stage::Booted;
            }
        }
    }

    /// The data model says which firmware runs: how its upgrades went (DL-06). Before the Inform's events are counted.
    pub(in crate::agent) fn settle_firmware(&mut self, now: Now) {
        let booted = |transfer: &&Transfer| transfer.stage == Stage::Booted;
        let transfers = &self.store.state.transfers;
        let waiting: Vec<(u64, String)> = transfers
            .iter()
            .filter(booted)
            .map(|transfer| (transfer.id, transfer.software.clone()))
            .collect();
        for (id, before) in waiting {
            let path = format!("{}{SOFTWARE_VERSION}", self.model.root().path());
            let version = self.value_of(&path).unwrap_or_default();
            let result = match version == before && !version.is_empty() {
                false => Ok(()),
                true => Err(Fault::new(
                    Code::FILE_CORRUPTED,
                    format!("after the upgrade the software version still is {version}"),
                )),
            };
            self.finish_transfer(id, result, now);
        }
    }

    /// SoftwareVersion, as the last Inform told it.
    pub(super) fn software_version(&self) -> String {
        let parameters = self.last_inform.as_ref().map(|(_, parameters)| parameters);
        let mut told = parameters.into_iter().flatten();
        let version = told.find(|parameter| parameter.name.ends_with(SOFTWARE_VERSION));
        version.map_or_else(String::new, |parameter| parameter.value.clone())
    }
}

const SOFTWARE_VERSION: &str = "DeviceInfo.SoftwareVersion";

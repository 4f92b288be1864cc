//! Moving the file: the child that does it, what it is told, what becomes of its end.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use mio::{Registry, Token};
use nix::unistd::Uid;

use super::{Step, apply};
use crate::agent::clock::Now;
use crate::agent::reach::connection_settings;
use crate::agent::{Agent, WHO_TRANSFER, files};
use crate::cwmp::transfer::Kind;
use crate::datamodel::{Code, Fault};
use crate::jobs::hook::HookFailure;
use crate::jobs::job::{Job, JobFailure, Progress, Task};
use crate::jobs::transfer::Order;
use crate::net::reactor::token;

/// The longest a transfer may take. A gigabyte at 100 kbit/s is within it.
const LIMIT: Duration = Duration::from_secs(24 * 3600);
/// What the ACS is told when a job has failed.
pub(in crate::agent) fn job_fault(failure: JobFailure, upload: bool) -> Fault {
    let code = match (&failure, upload) {
        (JobFailure::Fault { code, .. }, _) => Code(*code),
        (_, true) => Code::UPLOAD_FAILURE,
        (_, false) => Code::DOWNLOAD_FAILURE,
    };
    Fault::new(code, failure.to_string())
}

/// There is no such transfer any more; nobody is told.
fn gone() -> Fault {
    Fault::internal("cancelled")
}

impl Agent {
    /// Begins with the transfer itself: for an upload with its file.
    pub(super) fn start_moving(
        &mut self,
        id: u64,
        now: Now,
        registry: &Registry,
    ) -> Result<Step, Fault> {
        self.make_folder()?;
        let started = now.date().unwrap_or(0);
        let file = self.transfer_file(id).to_string_lossy().into_owned();
        let transfer = self.transfer(id).ok_or_else(gone)?;
        (transfer.started_unix, transfer.begun) = (started, true);
        if transfer.order.kind != Kind::Upload {
            return self.move_file(id, now, registry);
        }
        // `1 Vendor Configuration File` and `2 Vendor Log File` are the first of their kind, `3` and `4` name one.
        let (number, rest) = transfer.order.file_type.split_once(' ').unwrap_or_default();
        let name = match number {
            "1" | "3" => "config-export",
            _ => "log-export",
        };
        let instance = match number {
            "3" | "4" => rest.rsplit(' ').next().unwrap_or_default(),
            _ => "1",
        };
        let arguments = [file, instance.to_owned()];
        self.start_hook(WHO_TRANSFER, name, &arguments, now, registry)
            .map(Step::Making)
    }

    /// The file for an upload is made, or not.
    pub(super) fn made(
        &mut self,
        id: u64,
        result: Result<(), HookFailure>,
        now: Now,
        registry: &Registry,
    ) -> Result<Step, Fault> {
        match result {
            Ok(()) => self.move_file(id, now, registry),
            Err(failure) => Err(Fault::new(
                Code::UPLOAD_FAILURE,
                format!("the file to upload was not made: {failure}"),
            )),
        }
    }

    fn move_file(&mut self, id: u64, now: Now, registry: &Registry) -> Result<Step, Fault> {
        let common = self.job_order(&self.transfer_file(id))?;
        let order = &self.transfer(id).ok_or_else(gone)?.order;
        let upload = order.kind == Kind::Upload;
        let order = Order {
            get: !upload,
            url: order.url.clone(),
            username: order.username.clone(),
            password: order.password.expose().to_owned(),
            file_size: order.file_size.into(),
            ..common
        };
        let job = self.start_job(&order, token(WHO_TRANSFER, 0), now, registry);
        let nothing = Progress {
            bytes: 0,
            total: None,
        };
        job.map(|job| Step::Moving(job, nothing))
            .map_err(|failure| job_fault(failure, upload))
    }

    /// What all jobs have in common: a file in a folder that is there, and how this device meets servers.
    pub(in crate::agent) fn job_order(&self, file: &Path) -> Result<Order, Fault> {
        self.make_folder()?;
        let text = |path: PathBuf| path.to_string_lossy().into_owned();
        let settings = connection_settings(&self.root, &self.config);
        Ok(Order {
            file: text(file.to_owned()),
            ca_file: settings.tls.authorities.map(text),
            client_cert: settings.tls.certificate.map(text),
            client_key: settings.tls.key.map(text),
            insecure: settings.tls.insecure,
            interface: settings.interface,
            ipv4_first: self.config.cpe.force_ipv4,
            basic_over_http: self.config.acs.basic_over_http,
            root: text(self.root.join("/")),
            resume: true,
            ..Order::default()
        })
    }

    /// Starts the child that moves a file.
    pub(in crate::agent) fn start_job(
        &mut self,
        order: &Order,
        token: Token,
        now: Now,
        registry: &Registry,
    ) -> Result<Job, JobFailure> {
        let task = Task {
            program: &self.program,
            kind: "transfer",
            request: &order.text(),
            limit: LIMIT,
        };
        Job::start(&mut self.spawn, task, token, now.instant, registry)
    }

    /// The file has moved.
    pub(super) fn fetched(
        &mut self,
        id: u64,
        now: Now,
        registry: &Registry,
    ) -> Result<Step, Fault> {
        let transfer = self.transfer(id).ok_or_else(gone)?;
        if transfer.order.kind == Kind::Upload {
            self.finish_transfer(id, Ok(()), now);
            self.moved = true;
            return Err(gone());
        }
        if apply::reboots(transfer) {
            let file = self.transfer_file(id).to_string_lossy().into_owned();
            return self
                .start_hook(WHO_TRANSFER, "firmware-check", &[file], now, registry)
                .map(Step::Checking);
        }
        Ok(Step::Fetched)
    }

    /// Where files lie meanwhile: a folder of our own in memory, which nobody else can look into.
    fn make_folder(&self) -> Result<(), Fault> {
        let path = self.root.join(files::TRANSFERS_DIR);
        let made = DirBuilder::new().mode(0o700).recursive(true).create(&path);
        let found = made.and_then(|()| fs::symlink_metadata(&path));
        let text = match found {
            Ok(found) if !found.is_dir() => "it is no folder".to_owned(),
            Ok(found) if found.uid() != Uid::effective().as_raw() => "it is another user's".into(),
            Ok(found) if found.mode() & 0o077 != 0 => "others may look into it".into(),
            Ok(_) => return Ok(()),
            Err(error) => error.to_string(),
        };
        let text = format!("no room for files in {}: {text}", path.display());
        Err(Fault::new(Code::DOWNLOAD_FAILURE, text))
    }
}

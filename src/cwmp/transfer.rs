//! File transfers: what the ACS orders (TR-069 A.3.2.8, A.4.1.5, A.4.1.8), and how they stand (A.4.1.7).
//!
//! The fields of each struct are listed once, under the names that TR-069 gives them: a request is read by that list, the
//! state file is read and written by it. What only the state file has begins in lower case.

use super::event::{EventCode, is_vendor_text};
use crate::datamodel::{Code, Fault};
use crate::wire::Secret;
use crate::wire::data::{Data, FromData, ToData, Wrong, record};
use crate::wire::http::url::{Url, UrlError};

/// Most transfers that GetQueuedTransfers and GetAllQueuedTransfers may list (TR-069 A.4.1.7).
pub const MAX_QUEUED: usize = 16;

/// Most windows of a ScheduleDownload (TR-069 A.4.1.8).
const MAX_WINDOWS: usize = 2;

/// FileTypes of Download and ScheduleDownload (DL-10).
const DOWNLOADS: [&str; 6] = [
    "1 Firmware Upgrade Image",
    "2 Web Content",
    "3 Vendor Configuration File",
    "4 Tone File",
    "5 Ringer File",
    "6 Stored Firmware Image",
];

/// FileTypes of Upload (DL-21), deprecated ones of a single file first.
const UPLOADS: [&str; 2] = ["1 Vendor Configuration File", "2 Vendor Log File"];

/// FileTypes of Upload that an instance number follows.
const NUMBERED_UPLOADS: [&str; 2] = ["3 Vendor Configuration File ", "4 Vendor Log File "];

/// The method that ordered a transfer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    #[default]
    Download,
    Upload,
    ScheduleDownload,
}

impl Kind {
    /// What its end is told as, beside `7 TRANSFER COMPLETE`.
    pub fn event(self) -> EventCode {
        match self {
            Kind::Download => EventCode::MDownload,
            Kind::Upload => EventCode::MUpload,
            Kind::ScheduleDownload => EventCode::MScheduleDownload,
        }
    }

    /// Whether a FileType is one of this method's.
    fn takes(self, file_type: &str) -> bool {
        let known = match self {
            Kind::Upload => {
                let number = |prefix: &&str| file_type.strip_prefix(*prefix);
                let instance = NUMBERED_UPLOADS.iter().find_map(number);
                UPLOADS.contains(&file_type)
                    || instance.is_some_and(|number| {
                        !number.starts_with(['0', '+']) && number.parse::<u32>().is_ok()
                    })
            }
            Kind::Download | Kind::ScheduleDownload => DOWNLOADS.contains(&file_type),
        };
        known || is_vendor_text(file_type)
    }
}

/// Download, Upload or ScheduleDownload. What a method does not have is empty or 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransferOrder {
    /// Which of them.
    pub kind: Kind,
    /// For the transfer's event and its TransferComplete.
    pub command_key: String,
    /// One that the method may have.
    pub file_type: String,
    /// `http`, `https` or `ftp`, with a host and without credentials.
    pub url: String,
    /// Empty: without.
    pub username: String,
    /// Goes with the user name.
    pub password: Secret,
    /// In bytes; 0: unknown.
    pub file_size: u32,
    /// May be empty.
    pub target_file_name: String,
    /// Seconds from the answer; 0: as soon as the session has ended.
    pub delay: u32,
    /// Where a browser is sent afterwards.
    pub success_url: String,
    /// The same, if it failed.
    pub failure_url: String,
    /// One or two, in order and apart, for a ScheduleDownload; else none.
    pub windows: Vec<Window>,
}

record!(TransferOrder {
    kind,
    command_key = "CommandKey",
    file_type = "FileType",
    url = "URL",
    username = "Username",
    password = "Password",
    file_size = "FileSize",
    target_file_name = "TargetFileName",
    delay = "DelaySeconds",
    success_url = "SuccessURL",
    failure_url = "FailureURL",
    windows = "TimeWindowList",
});

impl TransferOrder {
    /// Whether the device may be ordered that: checked before it is promised.
    pub(super) fn check(&self) -> Result<(), Fault> {
        if !self.kind.takes(&self.file_type) {
            let text = format!("no such FileType: {:?}", self.file_type);
            return Err(Fault::arguments(text));
        }
        check_url(&self.url)?;
        if self.kind != Kind::ScheduleDownload {
            return Ok(());
        }
        // DL-23
        let mut free_from = 0;
        for window in &self.windows {
            if window.start < free_from || window.end <= window.start || window.max_retries < -1 {
                let text = "TimeWindowList: windows that end before they start, overlap or are not in order, or \
                            MaxRetries below -1";
                return Err(Fault::arguments(text));
            }
            free_from = window.end;
        }
        match self.windows.len() {
            1..=MAX_WINDOWS => Ok(()),
            _ => Err(Fault::arguments("TimeWindowList: not one or two windows")),
        }
    }
}

/// Whether files may be fetched from there, or sent there: 9013 for a scheme that is not served (DL-08), 9003 for what is
/// no URL or holds credentials (DL-09).
pub fn check_url(url: &str) -> Result<(), Fault> {
    let result = match url.split_once("://") {
        // Only the scheme differs.
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("ftp") => {
            Url::parse(&format!("http://{rest}"))
        }
        Some(_) => Url::parse(url),
        None => {
            let text = "the URL is not scheme://host/path";
            return Err(Fault::arguments(text));
        }
    };
    match result {
        Ok(_) => Ok(()),
        Err(UrlError::Scheme) => Err(Fault::new(
            Code::UNSUPPORTED_PROTOCOL,
            "the URL starts neither with http:// nor with https:// nor with ftp://",
        )),
        Err(error) => Err(Fault::arguments(error.to_string())),
    }
}

/// When a ScheduleDownload may be done, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Seconds from the answer.
    pub start: u32,
    /// Seconds from the answer, greater than the start.
    pub end: u32,
    /// How.
    pub mode: WindowMode,
    /// What to show to the user who is asked.
    pub user_message: String,
    /// Tries after the first one has failed; -1: as many as the device likes.
    pub max_retries: i64,
}

record!(Window {
    start = "WindowStart",
    end = "WindowEnd",
    mode = "WindowMode",
    user_message = "UserMessage",
    max_retries = "MaxRetries",
});

/// What a device does when a window opens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WindowMode {
    /// Whenever it likes, even if that disturbs the user.
    #[default]
    AtAnyTime,
    /// As soon as it opens.
    Immediately,
    /// When the user is not disturbed.
    WhenIdle,
    /// When the user has agreed.
    ConfirmationNeeded,
}

/// A transfer that is not done with, for GetQueuedTransfers and GetAllQueuedTransfers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueuedTransfer {
    /// The order's; empty if there is none.
    pub command_key: String,
    /// 1: not yet started, 2: in progress, 3: done, but the ACS does not know it yet.
    pub state: u32,
    /// Else it is an upload.
    pub is_download: bool,
    /// FileType
    pub file_type: String,
    /// FileSize
    pub file_size: u32,
    /// TargetFileName
    pub target_file_name: String,
    /// The ACS did not order it: GetQueuedTransfers is silent about it (DL-27).
    pub autonomous: bool,
}

record!(QueuedTransfer {
    command_key = "CommandKey",
    state = "State",
    is_download = "IsDownload",
    file_type = "FileType",
    file_size = "FileSize",
    target_file_name = "TargetFileName",
});

/// An enum that is a word in requests and in the state file.
macro_rules! words {
    ($type:ident { $($variant:ident = $word:literal),* $(,)? }) => {
        impl $type {
            /// The word for it.
            pub fn word(self) -> &'static str {
                match self {
                    $($type::$variant => $word,)*
                }
            }

            /// What a word stands for.
            pub(super) fn of(word: &str) -> Option<$type> {
                match word {
                    $($word => Some($type::$variant),)*
                    _ => None,
                }
            }
        }

        impl FromData for $type {
            fn read(&mut self, data: Data<'_>) -> Result<(), Wrong> {
                let known = data.as_text().and_then($type::of);
                *self = known.ok_or_else(|| Wrong::kind(stringify!($type)))?;
                Ok(())
            }
        }

        impl ToData for $type {
            fn data(&self) -> Data<'_> {
                self.word().into()
            }
        }
    };
}
pub(crate) use words;

words!(Kind {
    Download = "Download",
    Upload = "Upload",
    ScheduleDownload = "ScheduleDownload",
});

words!(WindowMode {
    AtAnyTime = "1 At Any Time",
    Immediately = "2 Immediately",
    WhenIdle = "3 When Idle",
    ConfirmationNeeded = "4 Confirmation Needed",
});

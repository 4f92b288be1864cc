//! What the control socket asks: commands to answers.

use super::Agent;
use super::clock::Now;
use super::command::{self, Command, Reply};
use super::notify::Watch;
use super::requests::Request;
use super::work::Op;
use crate::backend::Backend;
use crate::cwmp::event::{Event, EventCode};
use crate::datamodel::find;
use crate::datamodel::mounts::Mounted;
use crate::datamodel::path::Path;
use crate::datamodel::resolve::resolve_one;
use crate::wire::data::Data;

impl Agent {
    /// Carries out a command of the control socket; the answer comes through [`Agent::take_replies`].
    pub fn command(&mut self, client: u64, command: Command, now: Now) {
        let request = match command {
            Command::Get { paths } => Request::Get(paths),
            Command::Names { path, next_level } => Request::Names { path, next_level },
            Command::Attributes { paths } => Request::Attributes(paths),
            Command::Set { values } => Request::Set(values),
            Command::Add { table } => Request::Add(table),
            Command::Delete { instance } => Request::Delete(instance),
            other => return self.simple_command(client, other, now),
        };
        self.submit(Op::Request { client, request }, now);
    }

    fn simple_command(&mut self, client: u64, command: Command, now: Now) {
        let answer = match command {
            Command::Status => self.status(now),
            Command::Events => Data::List(self.events()),
            Command::Transfers => Data::List(self.transfer_list(now)),
            Command::Version => Data::map([("version", env!("CARGO_PKG_VERSION").into())]),
            Command::Trace { follow } => {
                if follow {
                    self.trace.follow_from_here();
                }
                Data::List(
                    self.trace
                        .render(&|name| is_hidden(&self.model, &self.watch, name)),
                )
            }
            Command::Dhcp { .. } => {
                let reply = self.dhcp_command(command, now);
                return self.reply(client, reply);
            }
            Command::Notify => {
                self.want_check(now);
                return self.reply(client, Reply::info("value changes are looked for"));
            }
            Command::Reload => {
                if !self.want_reload(now) {
                    let text = "the file is broken, as 'cwmpd -n' and the log say; the old configuration stays in force";
                    return self.reply(
                        client,
                        Reply::Error {
                            text: text.to_owned(),
                        },
                    );
                }
                let when = if self.session.is_some() {
                    "at the end of the session"
                } else {
                    "now"
                };
                let text = format!("the configuration is read {when}");
                return self.reply(client, Reply::info(text));
            }
            Command::Stop => {
                self.stop(now);
                return self.reply(client, Reply::info("the daemon stops"));
            }
            Command::Inform {
                event,
                get_rpc_methods,
                wait,
            } => {
                return self.inform_command(client, event, get_rpc_methods, wait);
            }
            _ => return,
        };
        self.reply(client, Reply::Ok(answer));
    }

    fn inform_command(
        &mut self,
        client: u64,
        event: Option<String>,
        get_rpc_methods: bool,
        wait: bool,
    ) {
        let text = event.as_deref().unwrap_or("6 CONNECTION REQUEST");
        let Some(code) = command::event(text).and_then(|code| code.parse::<EventCode>().ok())
        else {
            let text = format!(
                "no such event: {text:?}; known are {}",
                command::event_names()
            );
            return self.reply(client, Reply::Error { text });
        };
        if let Some(reason) = self.idle_reason() {
            return self.reply(
                client,
                Reply::Error {
                    text: format!("no session: {reason}"),
                },
            );
        }
        // Before its Inform is made, the event can still go along.
        let running = self
            .session
            .as_ref()
            .is_some_and(super::session::Running::has_informed);
        if code == EventCode::Bootstrap {
            self.store.state.reports.clear(); // EV-06
        }
        self.queue.push(match code {
            // EV-11: the two always come together.
            EventCode::Scheduled => Event::with_key(EventCode::MScheduleInform, ""),
            code => Event::new(code),
        });
        self.ask_rpc_methods |= get_rpc_methods;
        self.trigger();
        if wait {
            self.waiting_for_session.push((client, u32::from(running)));
        } else {
            let info = if running {
                "session already running; the event follows in the next one"
            } else {
                "session started"
            };
            self.reply(client, Reply::info(info));
        }
    }

    /// Tells those who wait how the session went that they wait for.
    pub(super) fn answer_waiting(&mut self, outcome: &Result<(), String>) {
        for (client, others) in std::mem::take(&mut self.waiting_for_session) {
            let reply = match (others.checked_sub(1), outcome) {
                (Some(left), _) => {
                    self.waiting_for_session.push((client, left));
                    continue;
                }
                (None, Ok(())) => Reply::info("session ended well"),
                (None, Err(reason)) => Reply::Error {
                    text: format!("session failed: {reason}"),
                },
            };
            self.reply(client, reply);
        }
    }

    pub(super) fn reply(&mut self, client: u64, reply: Reply) {
        self.replies.push((client, reply));
    }

    /// The answers that are ready, each with its client.
    pub fn take_replies(&mut self) -> Vec<(u64, Reply)> {
        std::mem::take(&mut self.replies)
    }

    /// The messages that came since the last call, for those who follow the trace.
    pub fn take_trace(&mut self) -> Vec<Data<'static>> {
        self.trace
            .follow(&|name| is_hidden(&self.model, &self.watch, name))
    }
}

/// Whether the value that a message has for `name` is to be masked. The instance may be gone by now, may never have come,
/// or may be out of reach of a backend behind IPC: then others like it tell, and what is no path or has
/// an unknown alias in it is not shown.
fn is_hidden(model: &Mounted<dyn Backend>, watch: &Watch, name: &str) -> bool {
    let Ok(path) = Path::parse(name) else {
        return true;
    };
    let found = || resolve_one(model, &path).and_then(|one| find(model, &one.path));
    watch.is_hidden(&path) || found().map_or(!path.is_concrete(), |found| found.info.hidden)
}

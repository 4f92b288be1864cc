//! What the agent is handed instead of a machine: a network of pipes, hooks that are no processes, seeded chance.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use cwmpd::agent::surroundings::Surroundings;
use cwmpd::connreq::{Accepted, Listener, Settings};
use cwmpd::jobs::child::{Exit, Process, SpawnError};
use mio::unix::pipe::{Receiver, Sender};
use mio::{Registry, Token};
use nix::sys::signal::Signal;

use crate::dice::Dice;
use crate::pipe::{End, Pipe};
use crate::power;
use crate::stage::{self, Happening};

/// What becomes of a connection that is dialled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Dial {
    /// It stands after this time.
    Accepted(Duration),
    /// There is no route.
    NoRoute,
    /// The port is closed, as one learns after this time.
    Refused(Duration),
    /// Nobody answers.
    Silence,
}

/// A hook that runs.
pub struct Hook {
    /// How it ended; none: it still runs.
    pub exit: Rc<Cell<Option<Exit>>>,
    /// Its name.
    pub name: String,
}

/// The outside, as it stands.
pub struct Outside {
    /// Everything that chance decides for the agent.
    pub chance: Dice,
    /// Pipes that were dialled and not yet noticed, with what becomes of them.
    pub dialled: Vec<(Rc<RefCell<Pipe>>, Dial)>,
    /// The last one.
    pub pipe: Option<Rc<RefCell<Pipe>>>,
    /// What becomes of the next ones; then of all, by the dice.
    pub dials: VecDeque<Dial>,
    /// Thousandths of the connections that do not come about.
    pub trouble: u32,
    /// Accepted connection requests that the agent has not taken.
    pub requests: Vec<Accepted>,
    /// The agent listens for them.
    pub listens: bool,
    /// Hooks that were started and not yet noticed.
    pub hooks: Vec<Hook>,
    dice: Dice,
}

impl Outside {
    /// A calm one.
    pub fn new(dice: &mut Dice) -> Rc<RefCell<Outside>> {
        Rc::new(RefCell::new(Outside {
            chance: dice.fork(),
            dialled: Vec::new(),
            pipe: None,
            dials: VecDeque::new(),
            trouble: 0,
            requests: Vec::new(),
            listens: false,
            hooks: Vec::new(),
            dice: dice.fork(),
        }))
    }

    fn dial(&mut self, to: SocketAddr) -> io::Result<End> {
        let fate = match self.dials.pop_front() {
            Some(fate) => fate,
            None if self.dice.chance(self.trouble) => {
                let after = Duration::from_millis(self.dice.range(1, 25_000));
                self.dice
                    .pick(&[Dial::NoRoute, Dial::Refused(after), Dial::Silence])
            }
            None => Dial::Accepted(Duration::from_millis(self.dice.range(1, 80))),
        };
        stage::note(Happening::Dialled(to.to_string()));
        if fate == Dial::NoRoute {
            return Err(io::ErrorKind::NetworkUnreachable.into());
        }
        let room = match self.dice.chance(50) {
            true => self.dice.range(1, 3000) as usize,
            false => usize::MAX,
        };
        let pipe = Rc::new(RefCell::new(Pipe::default()));
        pipe.borrow_mut().room = room;
        self.dialled.push((Rc::clone(&pipe), fate));
        self.pipe = Some(Rc::clone(&pipe));
        Ok(End::new(
            pipe,
            SocketAddr::from(([198, 51, 100, 7], 40_000)),
        ))
    }
}

/// The surroundings that lead there.
pub fn surroundings(outside: &Rc<RefCell<Outside>>) -> Surroundings {
    let (dials, listens, spawns, chance) = (
        Rc::clone(outside),
        Rc::clone(outside),
        Rc::clone(outside),
        Rc::clone(outside),
    );
    Surroundings {
        dial: Box::new(move |to, _| Ok(Box::new(dials.borrow_mut().dial(to)?))),
        listen: Box::new(move |settings, _, _| {
            listens.borrow_mut().listens = true;
            Ok(Box::new(Port {
                outside: Rc::clone(&listens),
                port: settings.port,
            }))
        }),
        spawn: Box::new(move |path, arguments, _| {
            if power::is_off() {
                return Err(SpawnError::Missing(path.to_owned()));
            }
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let arguments = arguments.iter().map(|a| (*a).to_owned()).collect();
            stage::note(Happening::Hook(name.to_string(), arguments));
            let exit = Rc::new(Cell::new(None));
            spawns.borrow_mut().hooks.push(Hook {
                exit: Rc::clone(&exit),
                name: name.into_owned(),
            });
            Ok::<Box<dyn Process>, SpawnError>(Box::new(Program {
                exit,
                output: None,
                input: None,
            }))
        }),
        program: "/usr/sbin/cwmpd".into(),
        random: Box::new(move |buffer| chance.borrow_mut().chance.fill(buffer)),
    }
}

/// The connection request port.
struct Port {
    outside: Rc<RefCell<Outside>>,
    port: u16,
}

impl Drop for Port {
    fn drop(&mut self) {
        let mut outside = self.outside.borrow_mut();
        outside.listens = false;
        outside.requests.clear();
    }
}

impl Listener for Port {
    fn local_port(&self) -> u16 {
        self.port
    }

    fn is_open(&self) -> bool {
        true
    }

    fn change(&mut self, _: Settings) {}

    fn take_requests(&mut self) -> Vec<Accepted> {
        std::mem::take(&mut self.outside.borrow_mut().requests)
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn timeout(&mut self, _: Instant, _: &Registry) {}

    fn ready(&mut self, _: Token, _: Instant, _: &Registry) {}

    fn close(&mut self, _: &Registry) {}
}

/// A program that says nothing and ends when the world says so.
#[derive(Debug)]
struct Program {
    exit: Rc<Cell<Option<Exit>>>,
    output: Option<Receiver>,
    input: Option<Sender>,
}

impl Process for Program {
    fn output(&mut self) -> &mut Option<Receiver> {
        &mut self.output
    }

    fn input(&mut self) -> &mut Option<Sender> {
        &mut self.input
    }

    fn try_wait(&mut self) -> Option<Exit> {
        self.exit.get()
    }

    fn signal(&self, signal: Signal) {
        self.exit.set(Some(Exit::Signal(signal)));
    }
}

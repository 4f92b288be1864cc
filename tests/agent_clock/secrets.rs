//! What must never be seen: values of hidden parameters, however an ACS names them.

use cwmpd::agent::command::{Command, Reply};

use crate::attributes::{ROOTS, add, told};
use crate::cpe::{Cpe, settled, shown};
use crate::support::acs::Acs;
use crate::support::daemon::Daemon;
use crate::support::rpc;

/// A secret with a name that tells nothing, in a table.
const DOORS: &str = r#"
["ROOT.X_EX.Door.{i}."]
table = { writable = true, count = "DoorNumberOfEntries" }
Alias = { type = "Alias", writable = true }
Code  = { writable = true, hidden = true }
Color = { writable = true, values = ["", "red"] }
"#;

fn house(acs: &Acs, (root, profile): (&str, &str)) -> Daemon {
    let home = Daemon::new(&acs.url()).cpe("auto_create_instances", "1");
    let shipped = format!("{}/etc/profiles/{profile}", env!("CARGO_MANIFEST_DIR"));
    let shipped = std::fs::read_to_string(shipped).unwrap();
    let more = DOORS.replace("ROOT.", root);
    home.write("etc/cwmpd/profile.toml", (shipped + &more).as_bytes());
    home
}

fn trace(cpe: &mut Cpe) -> String {
    match cpe.command(Command::Trace { follow: false }) {
        Reply::Ok(list) => shown(&list).to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_trace_masks_a_hidden_value_whatever_its_instance_is_called() // LS-04
{
    for model in ROOTS {
        let mut acs = Acs::start();
        let mut cpe = settled(house(&acs, model), &mut acs);
        let door = |instance: &str, name: &str| format!("{}X_EX.Door.{instance}.{name}", model.0);
        let mut set = |cpe: &mut Cpe, code: &str, red: &str| {
            let color = code.trim().replace("Code", "Color");
            let values = [(code, "string", "hunter2"), (&color, "string", red)];
            let (first, last) = (rpc::set_values(&values, ""), rpc::get_rpc_methods());
            let refused = told(cpe, &mut acs, [first, last])[0].fault().is_some();
            assert_eq!(refused, red != "red", "{code:?}");
            let shown = trace(cpe);
            assert!(!shown.contains("hunter2"), "{shown}");
            // What an alias that nothing has would have been is not known.
            let plain = shown.contains(&format!("Color = {red}"));
            assert!(shown.contains("********") && plain != refused, "{shown}");
        };
        // One that is not there, and does not come.
        set(&mut cpe, &door("[front]", "Code"), "blue");
        // One that is made.
        set(&mut cpe, &door("[front]", "Code"), "red");
        set(&mut cpe, &door("[front]", "Code"), "red");
        // Blanks around a name mean nothing.
        set(&mut cpe, &format!("\n {}\t", door("1", "Code")), "red");
        // One that is not there any more.
        let gone = add(&mut cpe, &format!("{}X_EX.Door.", model.0));
        let code = format!("{gone}Code");
        let values = rpc::set_values(&[(&code, "string", "hunter2")], "");
        let answers = told(&mut cpe, &mut acs, [values, rpc::delete_object(&gone, "")]);
        assert!(answers.iter().all(|answer| answer.fault().is_none()));
        let shown = trace(&mut cpe);
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

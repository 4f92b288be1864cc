//! Values that are paths of objects or parameters (TR-106 3.2.3): kept by number, sent as [`super::naming`] says, because
//! they are path names that the CPE returns.

use super::naming::{InstanceMode, Namer};
use super::path::Path;
use super::resolve::{Search, resolve_one_within};
use super::{DataModel, Fault, Info};
use std::borrow::Cow;

/// A parameter's value as it is sent: the paths that a reference holds are named as `mode` says, by number where a
/// backend behind IPC has no alias at hand.
pub fn named<'v>(
    model: &dyn DataModel,
    mode: InstanceMode,
    info: &Info,
    value: &'v str,
) -> Cow<'v, str> {
    if mode == InstanceMode::InstanceNumber || !info.limits.reference {
        return Cow::Borrowed(value);
    }
    let mut namer = Namer::new(model, mode);
    let named = each_path(value, |path| match Path::parse(path) {
        Ok(parsed) if parsed.is_concrete() => Ok(namer.name(path).to_owned()),
        _ => Ok(path.to_owned()),
    });
    named.map_or(Cow::Borrowed(value), Cow::Owned)
}

/// A reference's value as it is kept, with instance numbers. Fault 9005 for what names nothing.
pub fn by_number(search: &mut Search, model: &dyn DataModel, value: &str) -> Result<String, Fault> {
    each_path(value, |path| {
        let found = resolve_one_within(search, model, &Path::parse(path)?)?;
        Ok(found.path)
    })
}

/// Changes each path of a list. It may or may not end with an object's dot (TR-106 3.2.3); it is shown with one.
fn each_path(
    list: &str,
    mut change: impl FnMut(&str) -> Result<String, Fault>,
) -> Result<String, Fault> {
    let mut items = Vec::new();
    for item in list.split(',') {
        let path = item.trim();
        items.push(match path.strip_suffix('.') {
            _ if path.is_empty() => String::new(),
            Some(_) => change(path)?,
            None => {
                let mut changed = change(&format!("{path}."))?;
                changed.pop();
                changed
            }
        });
    }
    Ok(items.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datamodel::fake::Fake;

    #[test]
    fn references_are_named_too() {
        // AL-06
        let model = Fake::new(
            "model",
            &[
                ("Device.", ""),
                ("Device.A.", ""),
                ("Device.A.1.", ""),
                ("Device.A.1.Alias", "web.80"),
                ("Device.A.1.B.", ""),
                ("Device.A.1.B.7.", ""),
                ("Device.A.1.B.7.Alias", "inner"),
                ("Device.E.1.F", "y"),
            ],
        );
        let mut info = Info::default();
        let value = "Device.A.1.,Device.A.1.B.7, Device.E.1.F,,Device.A.9,no path";
        let told =
            |info: &Info| named(&model, InstanceMode::InstanceAlias, info, value).into_owned();
        assert_eq!(told(&info), value);
        info.limits.reference = true;
        assert_eq!(
            named(&model, InstanceMode::InstanceNumber, &info, value),
            value
        );
        assert_eq!(
            told(&info),
            "Device.A.[web.80].,Device.A.[web.80].B.[inner],Device.E.1.F,,Device.A.9,no path"
        );

        let mut search = Search::new(InstanceMode::InstanceNumber);
        let mut back = |value| by_number(&mut search, &model, value).map_err(|f| f.code.0);
        let aliases = "Device.A.[web.80]., Device.A.1.B.[inner],,Device.E.1.F";
        let number = "Device.A.1.,Device.A.1.B.7,,Device.E.1.F";
        assert_eq!(back(aliases).as_deref(), Ok(number));
        for wrong in [
            "Device.A.[nobody]",
            "Device.A.*.[inner]",
            "Device.A.[",
            "[web]",
        ] {
            assert_eq!(back(wrong), Err(9005), "{wrong}");
        }
    }
}

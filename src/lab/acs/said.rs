//! What a device said, in a form that can be shown and searched.

use crate::cwmp::envelope::Body;
use crate::wire::xml::Element;

/// Longest text of one argument that is kept for showing.
const MAX_SHOWN: usize = 200;

/// A message of a device.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// Its method, or `Fault`.
    pub method: String,
    /// Names and values, where it carries ParameterValueStructs.
    pub values: Vec<(String, String)>,
    /// Its arguments, a structure a line.
    pub lines: Vec<String>,
    /// The fault in words, when it is one.
    pub fault: Option<String>,
}

impl Said {
    /// Reads the body of an envelope.
    pub fn read(body: &Body) -> Said {
        match body {
            Body::Fault(fault) => {
                let one = |entry: &crate::cwmp::fault::ParameterFault| {
                    format!("{} fault={} {}", entry.name, entry.code.0, entry.text)
                };
                Said {
                    method: "Fault".into(),
                    lines: fault.parameters.iter().map(one).collect(),
                    fault: Some(fault.to_string()),
                    values: Vec::new(),
                }
            }
            Body::Method(method) => {
                let (mut values, mut lines) = (Vec::new(), Vec::new());
                collect(method, &mut values, &mut lines);
                Said {
                    method: method.name.clone(),
                    values,
                    lines,
                    fault: None,
                }
            }
        }
    }

    /// The value of the parameter whose name ends so.
    pub fn value(&self, suffix: &str) -> Option<&str> {
        self.values
            .iter()
            .find(|(name, _)| name.ends_with(suffix))
            .map(|(_, value)| value.as_str())
    }
}

/// Depth is bounded by the XML gate.
fn collect(element: &Element, values: &mut Vec<(String, String)>, lines: &mut Vec<String>) {
    if element.name == "ParameterValueStruct" {
        let text = |name| element.child_text(name).unwrap_or_default().to_owned();
        let (name, value) = (text("Name"), text("Value"));
        lines.push(format!("{name} = {}", shown(&value)));
        values.push((name, value));
        return;
    }
    // A list of texts belongs to the line of the structure that has it.
    let is_list = |child: &Element| child.children.iter().all(|item| item.name == "string");
    let is_plain = |child: &Element| is_list(child) && child.name != "MethodList";
    let line: Vec<_> = element
        .children
        .iter()
        .filter(|child| is_plain(child))
        .map(|leaf| {
            let items: Vec<_> = leaf.children.iter().map(|item| shown(&item.text)).collect();
            match items.is_empty() {
                true => format!("{}={}", leaf.name, shown(&leaf.text)),
                false => format!("{}={}", leaf.name, items.join(",")),
            }
        })
        .collect();
    match element.name.as_str() {
        // A list of equal items reads better in lines of their own.
        "MethodList" => lines.extend(element.children.iter().map(|leaf| shown(&leaf.text))),
        _ if !line.is_empty() => lines.push(line.join(" ")),
        _ => {}
    }
    for child in element.children.iter().filter(|child| !is_plain(child)) {
        collect(child, values, lines);
    }
}

/// On one line, and not too long.
fn shown(text: &str) -> String {
    let mut out: String = text
        .chars()
        .take(MAX_SHOWN)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}

use super::*;

/// A balance and a canary that are right.
pub(super) const BOTH: &str = "config balance\n\toption line 'office/1'\n\toption ussd '*100#'\n\
                               config canary\n\toption from 'office/1'\n\toption to '+4915112345678'\n";

#[test]
fn every_option_reaches_its_place() {
    let rules = config(&format!(
        "{OFFICE}\toption lines 2\n{BOTH}\
         config balance\n option line office/2\n option ussd '*1#'\n option pattern 'x (.*)'\n option interval 3600\n \
         option warn_below 2,5\n option pause 1\n\
         config canary\n option from office/2\n option to 12\n option interval 168\n option timeout 60\n"
    ))
    .health;
    let [usual, own] = &rules.balances[..] else { panic!("two") };
    assert_eq!((usual.line.line, &*usual.ussd, usual.interval_s), (1, "*100#", 86_400));
    assert_eq!(
        (usual.warn_below, usual.pause, usual.pattern.find("has -3.20 EUR")),
        (None, false, Some("-3.20"))
    );
    assert_eq!((own.line.line, &*own.ussd, own.interval_s, own.pause), (2, "*1#", 3600, true));
    assert_eq!((own.warn_below.unwrap().to_string(), own.pattern.find("x y")), ("2.50".into(), Some("y")));
    let [usual, own] = &rules.canaries[..] else { panic!("two") };
    assert_eq!((usual.from.line, usual.interval_h, usual.timeout_s), (1, 24, 900));
    assert_eq!((own.from.line, own.interval_h, own.timeout_s), (2, 168, 60));
    assert_eq!(own.to.as_ref().map(|n| n.as_str()), Some("12"));
}

#[test]
fn what_is_wrong_is_named_with_its_cure() {
    for (option, error) in [
        ("option line office", "5: option 'line': 'office' is no line; name one line of it, like 'office/1'"),
        ("option line office/2", "option 'line': 'office/2' is no line; its only line is 'office/1'"),
        ("option line there/1", "option 'line': 'there/1' is no line; the devices are: office"),
        ("option ussd '*100 #'", "option 'ussd': '*100 #' cannot be dialled; write one like '*100#'"),
        (
            "option pattern '(x'",
            "option 'pattern': '(x' has a '(' without its ')' (byte 3); correct it there",
        ),
        ("option interval 60", "option 'interval': '60' is out of range; write 3600 to 2592000 s"),
        ("option warn_below low", "option 'warn_below': 'low' is no amount; write one like '5' or '2.50'"),
        ("option pause 1", "option 'pause': below what? add a line: option warn_below '5'"),
    ] {
        let said = errors(&format!("{OFFICE}config balance\n{option}\n"));
        assert!(said.contains(error.trim_start_matches("5: ")), "{said}\nis not {error}");
    }
    let said = errors(&format!("{OFFICE}config canary\n"));
    assert!(said.contains("option 'from' is missing") && said.contains("option 'to' is missing"), "{said}");
}

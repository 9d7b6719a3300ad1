//! The pictures show exactly the edges: lines are followed down as a reader would.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use proptest::prelude::*;

use super::layout::Layout;
use super::text::drawn;
use super::*;
use crate::output::Styles;

/// A revision for each line `id parent parent !dependency`, newest first.
fn history(text: &str) -> Vec<RevisionSummary> {
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    let children = |id: &str| lines.iter().filter(|line| line[1..].contains(&id)).count();
    lines
        .iter()
        .map(|line| {
            let names = |dependency: bool| {
                let names = line[1..].iter().filter(move |name| name.starts_with('!') == dependency);
                names
                    .map(|name| name.trim_start_matches('!').to_owned())
                    .collect::<Vec<_>>()
            };
            RevisionSummary {
                revision: line[0].to_owned(),
                down_revisions: names(false),
                depends_on: names(true),
                requirements: names(true),
                message: format!("about {}", line[0]),
                head: children(line[0]) == 0,
                branch_point: children(line[0]) > 1,
                merge_point: names(false).len() > 1,
                ..RevisionSummary::default()
            }
        })
        .collect()
}

fn picture(text: &str, charset: Charset) -> String {
    super::text(&history(text), false, charset, Styles::plain()).unwrap()
}

const SHOP: &str = "m k l\nk i\nl j\nx h !i\nh\ni g\nj g\ng f\nf";

#[test]
fn branches_and_merges() {
    assert_snapshot!(picture(SHOP, Charset::Unicode), @"
    ● m (head) (mergepoint), about m
    ├─╮
    ● │ k, about k
    │ ● l, about l
    │ │ ● x (head) (needs i), about x
    │ │ ├┄╮
    │ │ ● ┊ h, about h
    ├┄│┄┄┄╯
    ● │     i, about i
    │ ● j, about j
    ├─╯
    ● g (branchpoint), about g
    ● f, about f
    ");
    assert_snapshot!(picture(SHOP, Charset::Ascii), @"
    * m (head) (mergepoint), about m
    +-.
    * | k, about k
    | * l, about l
    | | * x (head) (needs i), about x
    | | +-.
    | | * : h, about h
    +-|---'
    * |     i, about i
    | * j, about j
    +-'
    * g (branchpoint), about g
    * f, about f
    ");
    assert_snapshot!(picture("c1 a\nc2 a\nc3 a\na gone\nz\n", Charset::Unicode), @"
    ● c1 (head), about c1
    │ ● c2 (head), about c2
    ├─╯
    │
    │ ● c3 (head), about c3
    ├─╯
    ● a (branchpoint), about a
    ~

    ● z (head), about z
    ");
    assert_snapshot!(picture("m a b c d\na z\nb z\nc y z\nd z\ny z\nz", Charset::Unicode), @"
    ● m (head) (mergepoint), about m
    ├─┬─┬─╮
    ● │ │ │ a, about a
    │ ● │ │ b, about b
    ├─╯ │ │
    │   ● │ c (mergepoint), about c
    │   ├─│─╮
    ├───│─│─╯
    │   │ ● d, about d
    ├───│─╯
    │   ● y, about y
    ├───╯
    ● z (branchpoint), about z
    ");
}

#[test]
fn standing_to_a_database() {
    let mut revisions = history("c b\nb a\na");
    for (revision, (current, applied, at)) in revisions.iter_mut().zip([
        (false, false, None),
        (true, true, Some("2026-11-22T01:02:03Z")),
        (false, true, None),
    ]) {
        revision.current = Some(current);
        revision.applied = Some(applied);
        revision.applied_at = at.map(str::to_owned);
    }
    assert_snapshot!(super::text(&revisions, false, Charset::Unicode, Styles::plain()).unwrap(), @"
    ○ c (head), about c, not applied
    ◉ b (current), about b, applied 2026-11-22T01:02:03Z
    ● a, about a
    ");
    assert_snapshot!(super::text(&revisions, true, Charset::Ascii, Styles::plain()).unwrap(), @"
    o c (head), about c, not applied
    |   Parents:  b
    |   Database: not applied
    |   Path:
    @ b (current), about b, applied 2026-11-22T01:02:03Z
    |   Parents:  a
    |   Database: applied 2026-11-22T01:02:03Z
    |   Path:
    * a, about a
        Parents:  <base>
        Path:
    ");
    assert_snapshot!(dot(&revisions), @r##"
    digraph history {
      rankdir=BT;
      node [shape=box, style="rounded,filled", fillcolor=white, fontname="sans-serif"];
      n0 [label="c\nabout c\n(head) not applied", style="rounded,dashed"];
      n1 [label="b\nabout b\n(current) applied 2026-11-22T01:02:03Z", fillcolor="#bfe3c6", penwidth=2];
      n2 [label="a\nabout a", fillcolor="#e3f3e6"];
      n1 -> n0;
      n2 -> n1;
    }
    "##);
    assert_snapshot!(mermaid(&revisions), @r#"
    flowchart BT
        n0["c<br/>about c<br/>(head) not applied"]:::waiting
        n1["b<br/>about b<br/>(current) applied 2026-11-22T01:02:03Z"]:::current
        n2["a<br/>about a"]:::applied
        n1 --> n0
        n2 --> n1
        classDef current fill:#bfe3c6,stroke:#1a7f37,stroke-width:3px
        classDef applied fill:#e3f3e6,stroke:#1a7f37
        classDef waiting fill:#ffffff,stroke:#888888,stroke-dasharray:4 3
    "#);
    assert_snapshot!(svg(&revisions).unwrap().lines().skip(2).collect::<Vec<_>>().join("\n"), @r#"
    <path class="way" d="M18 18C18 33 18 33 18 48"/>
    <path class="way" d="M18 48C18 63 18 63 18 78"/>
    <circle cx="18" cy="18" r="6" class="waiting"/>
    <text x="40" y="22" xml:space="preserve"><tspan class="id">c</tspan>  about c<tspan class="remark">  (head) not applied</tspan></text>
    <circle cx="18" cy="48" r="6" class="current"/>
    <text x="40" y="52" xml:space="preserve"><tspan class="id">b</tspan>  about b<tspan class="remark">  (current) applied 2026-11-22T01:02:03Z</tspan></text>
    <circle cx="18" cy="78" r="6" class="applied"/>
    <text x="40" y="82" xml:space="preserve"><tspan class="id">a</tspan>  about a<tspan class="remark">  </tspan></text>
    </svg>
    "#);
}

#[test]
fn hostile_texts() {
    let mut revisions = history("b a\na");
    revisions[0].message = "<script>\"&'\u{1b}[2J\u{ffff} `code` #1; \\n\n--> x".to_owned();
    assert_snapshot!(dot(&revisions).lines().nth(3).unwrap(), @r#"  n0 [label="b\n<script>\"&'\\u{1b}[2J￿ `code` #1; \\n\\n--> x\n(head)"];"#);
    assert_snapshot!(mermaid(&revisions).lines().nth(1).unwrap(), @r#"    n0["b<br/>#60;script#62;#34;#38;'#92;u{1b}[2J￿ #96;code#96; #35;1#59; #92;n#92;n--#62; x<br/>(head)"]"#);
    assert_snapshot!(svg(&revisions).unwrap().lines().nth(4).unwrap(), @r#"<text x="40" y="22" xml:space="preserve"><tspan class="id">b</tspan>  &lt;script&gt;&quot;&amp;'\u{1b}[2J� `code` #1; \n\n--&gt; x<tspan class="remark">  (head)</tspan></text>"#);
}

#[test]
fn large_histories() {
    let line: Vec<String> = (0..10_000)
        .rev()
        .map(|n| {
            if n == 0 {
                "r0".into()
            } else {
                format!("r{n} r{}", n - 1)
            }
        })
        .collect();
    let line = history(&line.join("\n")[..]);
    assert_eq!(svg(&line).unwrap().matches("<circle").count(), 10_000);
    let more: Vec<RevisionSummary> = line.iter().cloned().chain([RevisionSummary::default()]).collect();
    assert_eq!(svg(&more), Err(DrawError::TooLong { count: 10_001 }));
    let wide = (0..MAX_LANES + 1).map(|n| format!("c{n} p{n}"));
    let wide: Vec<String> = wide.chain((0..MAX_LANES + 1).map(|n| format!("p{n}"))).collect();
    let wide = super::text(&history(&wide.join("\n")), false, Charset::Ascii, Styles::plain());
    assert_eq!(wide, Err(DrawError::TooWide));
}

#[test]
fn the_charset_of_a_locale() {
    let of = |pairs: &[(&str, &str)]| {
        let environment = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Charset::of(&environment)
    };
    assert_eq!(of(&[]), Charset::Ascii);
    assert_eq!(of(&[("LANG", "en_CA.UTF-8")]), Charset::Unicode);
    assert_eq!(of(&[("LANG", "en_CA.UTF-8"), ("LC_ALL", "C")]), Charset::Ascii);
    assert_eq!(of(&[("LANG", "C"), ("LC_CTYPE", "de_DE.utf8")]), Charset::Unicode);
    assert_eq!(of(&[("LANG", "C.UTF-8"), ("TERM", "dumb")]), Charset::Ascii);
}

/// A picture as characters, with the rows of the revisions.
struct Drawing {
    rows: Vec<Vec<char>>,
    nodes: Vec<Option<usize>>,
}

const NODES: &str = "●*";

impl Drawing {
    fn at(&self, row: usize, column: usize) -> char {
        self.rows
            .get(row)
            .and_then(|row| row.get(column))
            .copied()
            .unwrap_or(' ')
    }

    fn runs(&self, row: usize, column: usize) -> bool {
        matches!(self.at(row, column), '─' | '┄' | '-')
    }

    /// The revisions that lines lead down to from a revision's row.
    fn reached(&self, node: usize) -> BTreeSet<usize> {
        let row = self.nodes.iter().position(|other| *other == Some(node)).unwrap();
        let column = self.rows[row]
            .iter()
            .position(|character| NODES.contains(*character))
            .unwrap();
        let mut reached = BTreeSet::new();
        let mut ways = vec![(row + 1, column, 0_i32)];
        let mut seen = BTreeSet::new();
        while let Some((row, column, across)) = ways.pop() {
            if !seen.insert((row, column, across)) {
                continue;
            }
            let character = self.at(row, column);
            let left = column > 0 && self.runs(row, column - 1);
            let right = self.runs(row, column + 1);
            let (mut down, mut to_left, mut to_right) = (false, false, false);
            match (character, across) {
                (' ' | '~', _) => {}
                (character, 0) if NODES.contains(character) => {
                    reached.extend(self.nodes[row]);
                }
                ('│' | '┊' | '|' | ':', 0) => down = true,
                ('│' | '┊' | '|' | ':' | '─' | '┄' | '-', _) => {
                    (to_left, to_right) = (across < 0, across > 0);
                }
                // From above: further down, and to the sides.
                ('├' | '┤' | '┼' | '+', 0) => (down, to_left, to_right) = (true, left, right),
                ('╯' | '╰' | '┴' | '\'', 0) => (to_left, to_right) = (left, right),
                ('╮' | '╭' | '┬' | '.', 0) => {}
                // From the side: down, and further if the line continues.
                ('├' | '┤' | '┼' | '+' | '╮' | '╭' | '┬' | '.', _) => {
                    (down, to_left, to_right) = (true, across < 0 && left, across > 0 && right);
                }
                ('┴', _) => (to_left, to_right) = (across < 0 && left, across > 0 && right),
                ('╯' | '╰' | '\'', _) => {}
                other => panic!("{other:?}"),
            }
            if down {
                ways.push((row + 1, column, 0));
            }
            if to_left {
                ways.push((row, column - 1, -1));
            }
            if to_right {
                ways.push((row, column + 1, 1));
            }
        }
        reached
    }
}

fn check(edges: Vec<Vec<Edge>>, charset: Charset) -> Result<(), TestCaseError> {
    let cut = edges.iter().map(|_| false).collect();
    let picture = Picture { edges, cut };
    let layout = Layout::new(&picture).unwrap();
    let drawing = Drawing {
        rows: layout
            .rows
            .iter()
            .map(|row| drawn(row, charset, Standing::Unknown).chars().collect())
            .collect(),
        nodes: layout.rows.iter().map(|row| row.node).collect(),
    };
    let shown: Vec<String> = drawing.rows.iter().map(|row| row.iter().collect()).collect();
    for (node, edges) in picture.edges.iter().enumerate() {
        let wanted: BTreeSet<usize> = edges.iter().map(|edge| edge.to).collect();
        prop_assert_eq!(drawing.reached(node), wanted, "{} in\n{}", node, shown.join("\n"));
        let ways: BTreeSet<usize> = layout
            .ways
            .iter()
            .filter(|way| way.from == node)
            .map(|way| way.to)
            .collect();
        prop_assert_eq!(ways, edges.iter().map(|edge| edge.to).collect::<BTreeSet<_>>());
    }
    Ok(())
}

/// Edges to any of the revisions further down, for a few revisions.
fn edges() -> impl Strategy<Value = Vec<Vec<Edge>>> {
    let node = proptest::collection::vec((1_usize..8, any::<bool>()), 0..4);
    proptest::collection::vec(node, 1..24).prop_map(|nodes| {
        let count = nodes.len();
        let of = |(position, steps): (usize, Vec<(usize, bool)>)| {
            let mut edges: Vec<Edge> = Vec::new();
            for (step, dependency) in steps {
                let to = position + step;
                if to < count && edges.iter().all(|edge| edge.to != to) {
                    edges.push(Edge { to, dependency });
                }
            }
            edges
        };
        nodes.into_iter().enumerate().map(of).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn lines_are_edges_and_edges_are_lines(edges in edges()) {
        check(edges.clone(), Charset::Unicode)?;
        check(edges, Charset::Ascii)?;
    }

    #[test]
    fn svg_is_well_formed(messages in proptest::collection::vec(any::<String>(), 1..5)) {
        let lines: Vec<String> = (0..messages.len()).map(|n| format!("r{n} r{}", n + 1)).collect();
        let mut revisions = history(&lines.join("\n"));
        for (revision, message) in revisions.iter_mut().zip(messages) {
            revision.message = message;
        }
        let svg = svg(&revisions).unwrap();
        let mut open = Vec::new();
        for piece in svg.split('<').skip(1) {
            let (tag, text) = piece.split_once('>').unwrap();
            prop_assert!(!text.contains('>') || tag == "style");
            prop_assert_eq!(tag.matches('"').count() % 2, 0);
            for entity in text.split('&').skip(1) {
                prop_assert!(["amp;", "lt;", "gt;", "quot;"].iter().any(|known| entity.starts_with(known)));
            }
            let allowed = |c: char| c == '\n' || !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
            prop_assert!(text.chars().all(allowed));
            match tag.strip_prefix('/') {
                Some(name) => prop_assert_eq!(open.pop(), Some(name)),
                None if tag.ends_with('/') => {}
                None => open.push(tag.split(' ').next().unwrap()),
            }
        }
        prop_assert!(open.is_empty());
    }
}

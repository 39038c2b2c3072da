//! Charts as SVG: panels one below the other, curves and single points, axes that name their unit.
//!
//! Made for pages that are read in light and in dark: nothing is behind the chart, inks follow the
//! reader's scheme, and no curve is told by its colour alone, but also by its dashes and marker.

use std::fmt::Write;

/// A picture of panels, one below the other.
pub struct Chart {
    /// What it shows, for those who hear it.
    pub title: String,
    /// From top to bottom.
    pub panels: Vec<Panel>,
}

/// One pair of axes.
pub struct Panel {
    /// Above it.
    pub title: String,
    /// Below it.
    pub x: Axis,
    /// To its left.
    pub y: Axis,
    /// What is drawn.
    pub curves: Vec<Curve>,
    /// Single points of somebody else, with what they say.
    pub points: Vec<Point>,
}

/// An axis.
pub struct Axis {
    /// What is measured, with its unit.
    pub label: String,
    /// Its ends.
    pub range: (f64, f64),
    /// Equal ratios are equally long.
    pub logarithmic: bool,
    /// Where there is a line, and what it says.
    pub ticks: Vec<(f64, String)>,
}

/// A line through points.
pub struct Curve {
    /// Its name in the legend.
    pub name: String,
    /// In order.
    pub points: Vec<(f64, f64)>,
    /// Whether each point is marked.
    pub marked: bool,
}

/// A point that stands for itself.
pub struct Point {
    /// Where.
    pub at: (f64, f64),
    /// What it says.
    pub name: String,
    /// The curve it is to be compared with.
    pub curve: usize,
}

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 280.0;
const LEFT: f64 = 74.0;
const RIGHT: f64 = 166.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 48.0;

/// Inks of the curves on light and on dark ground, each at least 3:1 against white and black, and
/// dashes for those who do not tell them apart.
const INKS: [(&str, &str, &str); 6] = [
    ("#0072b2", "#56b4e9", ""),
    ("#c44e00", "#ff9e5e", "7 3"),
    ("#00795a", "#3ddba8", "2 3"),
    ("#a04a7c", "#e5a3cb", "10 3 2 3"),
    ("#8a6100", "#f0c24b", "4 2"),
    ("#4a5568", "#b9c4d0", "12 4"),
];

impl Axis {
    /// A logarithmic axis with a line at each power of ten.
    pub fn decades(label: &str, range: (f64, f64), say: fn(f64) -> String) -> Axis {
        let (low, high) = (
            range.0.log10().ceil() as i32,
            range.1.log10().floor() as i32,
        );
        let ticks = (low..=high).map(|power| 10f64.powi(power));
        Axis {
            label: label.to_owned(),
            range,
            logarithmic: true,
            ticks: ticks.map(|at| (at, say(at))).collect(),
        }
    }

    /// How far along the axis, from 0 to 1.
    ///
    /// # Panics
    /// Where the axis is too short: a point that is drawn elsewhere is a wrong point.
    fn place(&self, value: f64) -> f64 {
        let scale = |value: f64| {
            if self.logarithmic {
                value.log10()
            } else {
                value
            }
        };
        let (low, high) = (scale(self.range.0), scale(self.range.1));
        let place = (scale(value) - low) / (high - low);
        assert!(
            (-1e-9..=1.0 + 1e-9).contains(&place),
            "{value} lies outside of the axis {:?}",
            self.range
        );
        place
    }
}

impl Chart {
    /// The chart as a file.
    pub fn svg(&self) -> String {
        let height = HEIGHT * self.panels.len() as f64;
        let title = escaped(&self.title);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
             width=\"{WIDTH}\" height=\"{height}\" role=\"img\" aria-label=\"{title}\">\n\
             <title>{title}</title>\n<style>\n{}</style>\n",
            style()
        );
        for (row, panel) in self.panels.iter().enumerate() {
            let _ = writeln!(
                svg,
                "<g transform=\"translate(0 {})\">",
                HEIGHT * row as f64
            );
            panel.draw(&mut svg);
            svg.push_str("</g>\n");
        }
        svg.push_str("</svg>\n");
        svg
    }
}

fn style() -> String {
    let mut light = String::from(
        "text { font: 12px system-ui, sans-serif; fill: #1f2328 }\n\
         .head { font-weight: 600; font-size: 13px }\n\
         .grid { stroke: #8c959f; stroke-opacity: 0.35 }\n\
         .curve { fill: none; stroke-width: 2 }\n\
         .point { fill: none; stroke-width: 2 }\n\
         .small { font-size: 10.5px }\n",
    );
    let mut dark = String::from("text { fill: #e6edf3 }\n");
    for (number, (on_light, on_dark, dashes)) in INKS.iter().enumerate() {
        let dashes = if dashes.is_empty() { "none" } else { dashes };
        let _ = writeln!(
            light,
            ".c{number} {{ stroke: {on_light} }} .m{number} {{ fill: {on_light} }} \
             .d{number} {{ stroke-dasharray: {dashes} }}"
        );
        let _ = writeln!(
            dark,
            ".c{number} {{ stroke: {on_dark} }} .m{number} {{ fill: {on_dark} }}"
        );
    }
    format!("{light}@media (prefers-color-scheme: dark) {{\n{dark}}}\n")
}

impl Panel {
    fn x(&self, value: f64) -> f64 {
        LEFT + self.x.place(value) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - self.y.place(value) * (HEIGHT - TOP - BOTTOM)
    }

    fn draw(&self, svg: &mut String) {
        self.draw_axes(svg);
        for (number, curve) in self.curves.iter().enumerate() {
            let number = number % INKS.len();
            let corners: Vec<String> = curve
                .points
                .iter()
                .map(|(x, y)| format!("{:.1} {:.1}", self.x(*x), self.y(*y)))
                .collect();
            let path = corners.join(" L ");
            let _ = writeln!(
                svg,
                "<path class=\"curve c{number} d{number}\" d=\"M {path}\"/>"
            );
            for (x, y) in curve.points.iter().filter(|_| curve.marked) {
                mark(svg, number, self.x(*x), self.y(*y));
            }
            self.draw_legend(svg, number, curve);
        }
        for point in &self.points {
            let (x, y) = (self.x(point.at.0), self.y(point.at.1));
            let number = point.curve % INKS.len();
            let _ = writeln!(
                svg,
                "<path class=\"point c{number}\" d=\"M {x:.1} {:.1} l 6 6 l -6 6 l -6 -6 z\">\
                 <title>{}</title></path>",
                y - 6.0,
                escaped(&point.name)
            );
        }
    }

    fn draw_axes(&self, svg: &mut String) {
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        text(svg, LEFT, TOP - 14.0, "start", "head", &self.title);
        for (value, says) in &self.x.ticks {
            let x = self.x(*value);
            line(svg, (x, TOP), (x, bottom));
            text(svg, x, bottom + 16.0, "middle", "", says);
        }
        for (value, says) in &self.y.ticks {
            let y = self.y(*value);
            line(svg, (LEFT, y), (right, y));
            text(svg, LEFT - 8.0, y + 4.0, "end", "", says);
        }
        let middle = (LEFT + right) / 2.0;
        text(svg, middle, bottom + 34.0, "middle", "", &self.x.label);
        let (x, y) = (16.0, (TOP + bottom) / 2.0);
        let _ = writeln!(
            svg,
            "<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\" \
             transform=\"rotate(-90 {x} {y})\">{}</text>",
            escaped(&self.y.label)
        );
    }

    fn draw_legend(&self, svg: &mut String, number: usize, curve: &Curve) {
        let (x, y) = (WIDTH - RIGHT + 14.0, TOP + 12.0 + 20.0 * number as f64);
        let _ = writeln!(
            svg,
            "<path class=\"curve c{number} d{number}\" d=\"M {x} {y} h 30\"/>"
        );
        if curve.marked {
            mark(svg, number, x + 15.0, y);
        }
        text(svg, x + 36.0, y + 4.0, "start", "", &curve.name);
        let points = !self.points.is_empty();
        if points && number + 1 == self.curves.len() {
            let y = y + 26.0;
            let _ = writeln!(
                svg,
                "<path class=\"point c5\" d=\"M {} {} l 6 6 l -6 6 l -6 -6 z\"/>",
                x + 15.0,
                y - 6.0
            );
            text(svg, x + 36.0, y + 4.0, "start", "small", "as published");
        }
    }
}

/// A circle, a square, a triangle: one for each curve.
fn mark(svg: &mut String, number: usize, x: f64, y: f64) {
    let shape = match number % 3 {
        0 => format!("M {:.1} {y:.1} a 4 4 0 1 0 8 0 a 4 4 0 1 0 -8 0", x - 4.0),
        1 => format!("M {:.1} {:.1} h 8 v 8 h -8 z", x - 4.0, y - 4.0),
        _ => format!("M {x:.1} {:.1} l 5 9 h -10 z", y - 5.0),
    };
    let _ = writeln!(svg, "<path class=\"m{number}\" d=\"{shape}\"/>");
}

fn line(svg: &mut String, from: (f64, f64), to: (f64, f64)) {
    let _ = writeln!(
        svg,
        "<path class=\"grid\" d=\"M {:.1} {:.1} L {:.1} {:.1}\"/>",
        from.0, from.1, to.0, to.1
    );
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, class: &str, says: &str) {
    let says = escaped(says);
    let _ = writeln!(
        svg,
        "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{says}</text>"
    );
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

/// 1,234,567.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_in_proportion_and_inside() {
        let axis = Axis::decades("time (ms)", (10.0, 1_000.0), |at| format!("{at}"));
        assert_eq!(axis.ticks.len(), 3);
        assert!((axis.place(100.0) - 0.5).abs() < 1e-9);
        assert!(axis.place(10.0).abs() < 1e-9);
    }

    #[test]
    #[should_panic(expected = "lies outside of the axis")]
    fn no_point_is_drawn_where_it_is_not() {
        Axis::decades("time (ms)", (10.0, 1_000.0), |at| format!("{at}")).place(9.0);
    }

    #[test]
    fn numbers_are_read_in_threes() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(12_345_678), "12,345,678");
    }

    #[test]
    fn what_a_chart_says_is_escaped() {
        let panel = Panel {
            title: "a < b & \"c\"".to_owned(),
            x: Axis::decades("x", (1.0, 10.0), |at| format!("{at}")),
            y: Axis::decades("y", (1.0, 10.0), |at| format!("{at}")),
            curves: Vec::new(),
            points: Vec::new(),
        };
        let chart = Chart {
            title: "t".to_owned(),
            panels: vec![panel],
        };
        assert!(chart.svg().contains("a &lt; b &amp; &quot;c&quot;"));
    }
}

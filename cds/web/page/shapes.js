// Small drawings made node by node, so that shapes look alike whatever fonts a workstation has.

const SVG = "http://www.w3.org/2000/svg";

export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children.flat().filter(Boolean));
  return node;
}

const STROKES = {
  met: ["M3.5 8.5l3 3 6-7"],
  unmet: ["M4 4l8 8", "M12 4l-8 8"],
  unknown: ["M5.4 6.1a2.7 2.7 0 1 1 4.1 2.3c-.9.6-1.4 1-1.4 2", "M8.1 12.9v.2"],
  judgement: ["M8 7.4a2.4 2.4 0 1 0 0-4.8a2.4 2.4 0 0 0 0 4.8z", "M3.2 13.4c.5-2.6 2.4-4 4.8-4s4.3 1.4 4.8 4"],
  "not-relevant": ["M4 8h8"],
};
const DISCS = {
  candidate: [["circle", { class: "filled", cx: 8, cy: 8, r: 6 }]],
  near: [["circle", { cx: 8, cy: 8, r: 6 }], ["path", { class: "filled", d: "M8 2a6 6 0 0 0 0 12z" }]],
  possible: [["circle", { cx: 8, cy: 8, r: 6, "stroke-dasharray": "2.6 2.2" }]],
  "does-not-fit": [["circle", { cx: 8, cy: 8, r: 6 }], ["path", { d: "M5.6 5.6l4.8 4.8" }], ["path", { d: "M10.4 5.6l-4.8 4.8" }]],
};

// The shape of a verdict or of what a criterion came to. Words stand beside it: nobody need tell shapes apart.
export function shape(name) {
  const strokes = (STROKES[name] ?? []).map((d) => svg("path", { d }));
  const discs = (DISCS[name] ?? []).map(([tag, attributes]) => svg(tag, attributes));
  return svg("svg", { class: `shape ${name}`, viewBox: "0 0 16 16", "aria-hidden": "true" }, ...strokes, ...discs);
}

// Numbers side by side as one thin bar: [[class, number], …].
export function stacked(parts) {
  const all = parts.reduce((sum, [, number]) => sum + number, 0) || 1;
  const bar = svg("svg", { class: "stacked", viewBox: "0 0 100 4", preserveAspectRatio: "none", "aria-hidden": "true" });
  let from = 0;
  for (const [kind, number] of parts.filter(([, some]) => some)) {
    const wide = (number / all) * 100;
    bar.append(svg("rect", { class: kind, x: from, y: 0, width: Math.max(0.8, wide - 0.6), height: 4 }));
    from += wide;
  }
  return bar;
}

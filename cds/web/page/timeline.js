// Results over time against what the trial asks: a small drawing, and the same as a table for whoever does not see it.

import { fold, make } from "./nodes.js";
import { svg } from "./shapes.js";
import { count, dateWords, shortDate } from "./words.js";

const WIDE = 340;
const HIGH = 124;
const PLOT = { left: 8, right: 296, top: 16, bottom: 102 };
const FEW = 6;
const DAY_MS = 86_400_000;

// Draw what was measured, as the answer tells it; nothing where no result can be drawn. `asOf` is the day it is held against.
export function timeline(measured, asOf) {
  const points = (measured?.points ?? []).map((each) => ({ ...each, at: moment(each.date) })).filter(({ at, value }) => Number.isFinite(at + value));
  if (!points.length) return null;
  const scale = scaleOf(points, measured, moment(asOf));
  const unit = measured.unitShown ?? "";
  const asked = askedWords(measured);
  const drawn = svg("svg", { class: "timeline", viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": spoken(measured, points, asked) });
  drawn.append(...bands(points, measured, scale), ...axes(points, scale, asOf), ...course(points, measured, scale), ...numbers(points, scale));
  const caption = make("figcaption", {}, make("strong", {}, measured.name), unit ? `, ${unit}` : "", asked ? `. The trial ${asked}.` : "");
  return make("figure", { class: "over-time" }, caption, drawn, table(points, measured, unit), left(measured));
}

// A day as a moment; the middle of a month or year where no more is known.
function moment(iso) {
  const [year, month, day] = String(iso ?? "").split("-");
  return Date.parse(`${year}-${month ?? "07"}-${day?.slice(0, 2) ?? (month ? "15" : "01")}T00:00:00Z`);
}

const SIGNS = { low: { true: "at least", false: "above" }, high: { true: "at most", false: "below" } };

function askedWords({ low, high, forbidden }) {
  const words = Object.entries({ low, high })
    .filter(([, edge]) => edge)
    .map(([side, { value, inclusive, times }]) => `${SIGNS[side][Boolean(inclusive)]} ${multiple(value, times)}`);
  return words.length ? `${forbidden ? "excludes" : "asks for"} ${words.join(" and ")}` : "";
}

function multiple(value, times) {
  if (!times) return short(value);
  return value === 1 ? times : `${short(value)} × ${times}`;
}

function spoken({ name }, points, asked) {
  const newest = points.at(-1);
  const over = points.length > 1 ? `${count(points.length, "result")} since ${dateWords(points[0].date)}, the newest` : "one result,";
  return `${name}: ${over} ${shown(newest)} on ${dateWords(newest.date)}${asked ? `; the trial ${asked}` : ""}.`;
}

function shown({ comparator = "", value }) {
  return `${comparator}${short(value)}`;
}

// To be read off a drawing: the exact value is with the evidence.
function short(value) {
  const size = Math.abs(value);
  const form = size >= 1 ? { maximumFractionDigits: size >= 1000 ? 0 : size >= 10 ? 1 : 2 } : { maximumSignificantDigits: 3 };
  return new Intl.NumberFormat("en-GB", { ...form, useGrouping: false }).format(value);
}

// The limit that holds for a result: its own, where the rule asks for a multiple of each result's range.
function edgeOf(point, measured, side) {
  const edge = measured[side];
  return point[side] ?? (edge && !edge.times ? edge.value : undefined);
}

function outside(point, measured) {
  const [low, high] = ["low", "high"].map((side) => edgeOf(point, measured, side));
  const sign = point.comparator ?? "";
  const atLow = sign === "<" || (measured.low?.inclusive === false && sign !== ">");
  const atHigh = sign === ">" || (measured.high?.inclusive === false && sign !== "<");
  const under = low !== undefined && (point.value < low ? !sign.startsWith(">") : point.value === low && atLow);
  const over = high !== undefined && (point.value > high ? !sign.startsWith("<") : point.value === high && atHigh);
  return measured.forbidden ? !under && !over && (low !== undefined || high !== undefined) : under || over;
}

function scaleOf(points, measured, today) {
  const moments = [...points.map(({ at }) => at), ...(Number.isFinite(today) ? [today] : [])];
  const values = points.flatMap((each) => [each.value, edgeOf(each, measured, "low"), edgeOf(each, measured, "high")]).filter(Number.isFinite);
  const [first, last] = [Math.min(...moments), Math.max(...moments)];
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const margin = (most - least || Math.abs(most) || 1) * 0.18;
  const floor = least >= 0 ? Math.max(0, least - margin) : least - margin;
  const ceiling = most + margin;
  const inset = 14;
  return {
    along: (at) => (first === last ? (PLOT.left + PLOT.right) / 2 : PLOT.left + inset + ((at - first) / (last - first)) * (PLOT.right - PLOT.left - 2 * inset)),
    up: (value) => PLOT.bottom - ((value - floor) / (ceiling - floor)) * (PLOT.bottom - PLOT.top),
    today,
  };
}

// What the trial does not allow is shaded, with a line at the limit: in steps, where each result has a limit of its own.
function bands(points, measured, scale) {
  const drawn = [];
  for (const side of ["low", "high"]) {
    const steps = stepsOf(points, measured, side, scale);
    drawn.push(...steps.flatMap((step) => band(step, side, measured, scale)));
    if (steps.length) drawn.push(svg("text", { class: "limit-word", x: PLOT.right + 4, y: scale.up(steps.at(-1).edge) + 3.5 }, short(steps.at(-1).edge)));
  }
  return drawn;
}

function stepsOf(points, measured, side, { along }) {
  const steps = [];
  for (const [place, each] of points.entries()) {
    const edge = edgeOf(each, measured, side);
    const from = place ? (along(points[place - 1].at) + along(each.at)) / 2 : PLOT.left;
    const to = place + 1 < points.length ? (along(each.at) + along(points[place + 1].at)) / 2 : PLOT.right;
    if (edge === undefined) continue;
    if (steps.at(-1)?.edge === edge && steps.at(-1).to === from) steps.at(-1).to = to;
    else steps.push({ from, to, edge });
  }
  return steps;
}

function band({ from, to, edge }, side, measured, { up }) {
  const y = up(edge);
  const upwards = (side === "high") !== Boolean(measured.forbidden);
  const area = upwards ? { y: PLOT.top, height: y - PLOT.top } : { y, height: PLOT.bottom - y };
  const both = measured.low && measured.high && measured.forbidden;
  const shade = both ? null : svg("rect", { class: "barred", x: from, width: Math.max(0, to - from), y: area.y, height: Math.max(0, area.height) });
  return [shade, svg("line", { class: "limit", x1: from, x2: to, y1: y, y2: y })].filter(Boolean);
}

function axes(points, { along, today }, asOf) {
  const [first, newest] = [points[0], points.at(-1)];
  const ground = svg("line", { class: "ground", x1: PLOT.left, x2: PLOT.right, y1: PLOT.bottom, y2: PLOT.bottom });
  const start = svg("text", { class: "axis", x: PLOT.left, y: HIGH - 6 }, shortDate(first.date, asOf));
  const end = svg("text", { class: "axis", x: PLOT.right, y: HIGH - 6, "text-anchor": "end" }, `as of ${shortDate(asOf, asOf)}`);
  const now = Number.isFinite(today) ? svg("line", { class: "today", x1: along(today), x2: along(today), y1: PLOT.top, y2: PLOT.bottom }) : null;
  const apart = newest.at - first.at > DAY_MS;
  const middle = along(newest.at);
  const roomy = apart && middle > PLOT.left + 90 && middle < PLOT.right - 110;
  const last = roomy ? svg("text", { class: "axis", x: middle, y: HIGH - 6, "text-anchor": "middle" }, shortDate(newest.date, asOf)) : null;
  return [ground, now, start, end, last].filter(Boolean);
}

// The results: a disc within what the trial allows, a cross outside of it; the newest is larger.
function course(points, measured, { along, up }) {
  const path = points.map(({ at, value }, place) => `${place ? "L" : "M"}${along(at).toFixed(1)} ${up(value).toFixed(1)}`).join("");
  const line = points.length > 1 ? [svg("path", { class: "course", d: path })] : [];
  return [...line, ...points.map((each, place) => dot(each, outside(each, measured), place === points.length - 1, along(each.at), up(each.value)))];
}

function dot({ reference }, out, newest, x, y) {
  const kind = [out ? "out" : "in", newest ? "newest" : "", String(reference ?? "").startsWith("attested/") ? "attested" : ""].filter(Boolean).join(" ");
  const size = newest ? 4 : 2.75;
  const [left, right, top, bottom] = [x - size, x + size, y - size, y + size].map((each) => each.toFixed(1));
  if (out) return svg("path", { class: `point ${kind}`, d: `M${left} ${top}L${right} ${bottom}M${right} ${top}L${left} ${bottom}` });
  return svg("circle", { class: `point ${kind}`, cx: x.toFixed(1), cy: y.toFixed(1), r: size });
}

// The values in numbers: of a few results all, of many the newest and the extremes.
function numbers(points, { along, up }) {
  const values = points.map(({ value }) => value);
  const told = points.length > FEW ? [values.indexOf(Math.min(...values)), values.indexOf(Math.max(...values))] : points.map((_, place) => place);
  return points
    .map((each, place) => [each, place])
    .filter(([, place]) => place === points.length - 1 || (told.includes(place) && clear(points, place, along)))
    .map(([each, place]) => {
      const newest = place === points.length - 1;
      return svg("text", { class: newest ? "value newest" : "value", x: along(each.at), y: up(each.value) - 7, "text-anchor": "middle" }, shown(each));
    });
}

// Whether a number has room beside the newest one.
function clear(points, place, along) {
  return along(points.at(-1).at) - along(points[place].at) > 26;
}

function table(points, measured, unit) {
  const limited = ["low", "high"].some((side) => measured[side]?.times);
  const heads = ["Date", unit ? `Value, ${unit}` : "Value", ...(limited ? ["Limit"] : [])].map((words) => make("th", { scope: "col" }, words));
  const rows = points.toReversed().map((each) => {
    const limit = limited ? make("td", {}, ["low", "high"].map((side) => each[side]).filter((some) => some !== undefined).map(short).join(" to ")) : null;
    const value = `${each.comparator ?? ""}${each.value}${outside(each, measured) ? " (outside)" : ""}`;
    return make("tr", {}, make("th", { scope: "row" }, dateWords(each.date)), make("td", {}, value), limit);
  });
  return fold("As a table", { class: "plain" }, make("table", { class: "evidence" }, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows)));
}

function left({ older, left: odd }) {
  const words = [older ? count(older, "older result") : "", odd ? `${count(odd, "result")} that cannot be compared` : ""].filter(Boolean);
  return words.length ? make("p", { class: "quiet" }, `Not drawn: ${words.join(", ")}.`) : null;
}

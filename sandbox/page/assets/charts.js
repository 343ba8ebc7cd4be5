// data_visualization: line, bar, area and pie charts as SVG, with the same numbers as a table for screen readers.

import { h, svg } from "./dom.js";

const WIDTH = 560;
const HEIGHT = 240;
const EDGE = { left: 52, right: 12, top: 12, bottom: 44 };

export function chart(block) {
  const spec = block.chart;
  const drawing = spec.type === "pie" ? pie(spec) : plot(spec);
  const names = spec.type === "pie" ? spec.segments.map((segment) => segment.label) : spec.series.map((series) => series.name);
  const legend = names.length > 1 || spec.type === "pie" ? h("ul", { class: "legend" }, names.map((name, index) => h("li", {}, h("span", { class: `swatch c${index % 12}` }), name))) : null;
  return h("figure", { class: "chart" }, h("figcaption", {}, block.title), drawing, legend, numbers(block));
}

function numbers(block) {
  const spec = block.chart;
  if (spec.type === "pie") {
    return h("table", { class: "sr-only" }, h("caption", {}, block.title), spec.segments.map((segment) => h("tr", {}, h("th", { scope: "row" }, segment.label), h("td", {}, String(segment.value)))));
  }
  const head = h("tr", {}, h("td"), spec.axis_config.categories.map((label) => h("th", { scope: "col" }, label)));
  const rows = spec.series.map((series) => h("tr", {}, h("th", { scope: "row" }, series.name), spec.axis_config.categories.map((label) => h("td", {}, String(valueAt(series, label))))));
  return h("table", { class: "sr-only" }, h("caption", {}, block.title), head, rows);
}

const valueAt = (series, label) => series.data.find((point) => point.label === label)?.value;

// About five round steps that cover the values.
function ticks(values) {
  const low = Math.min(0, ...values);
  const high = Math.max(...values, low + 1e-9);
  const raw = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((each) => each >= raw);
  const first = Math.floor(low / step) * step;
  const found = [];
  for (let value = first; value < high + step; value += step) found.push(Number(value.toPrecision(12)));
  return found;
}

const short = (value) => (Math.abs(value) >= 10000 ? value.toLocaleString("en", { notation: "compact" }) : String(value));

function plot(spec) {
  const labels = spec.axis_config.categories;
  const marks = ticks(spec.series.flatMap((series) => series.data.map((point) => point.value)));
  const [low, high] = [marks[0], marks[marks.length - 1]];
  const inner = { width: WIDTH - EDGE.left - EDGE.right, height: HEIGHT - EDGE.top - EDGE.bottom };
  const slot = inner.width / labels.length;
  const x = (index) => EDGE.left + slot * (index + 0.5);
  const y = (value) => EDGE.top + inner.height * (1 - (value - low) / (high - low));
  const grid = marks.map((value) => [
    svg("line", { x1: EDGE.left, x2: WIDTH - EDGE.right, y1: y(value), y2: y(value), class: "grid" }),
    svg("text", { x: EDGE.left - 8, y: y(value) + 4, class: "tick", "text-anchor": "end" }, short(value)),
  ]);
  const every = Math.ceil(labels.length / 10);
  const names = labels.map((label, index) => (index % every === 0 ? svg("text", { x: x(index), y: HEIGHT - EDGE.bottom + 18, class: "tick", "text-anchor": "middle" }, label) : null));
  const titles = [
    spec.axis_config.x_label && svg("text", { x: EDGE.left + inner.width / 2, y: HEIGHT - 6, class: "axis", "text-anchor": "middle" }, spec.axis_config.x_label),
    spec.axis_config.y_label && svg("text", { x: 12, y: EDGE.top + inner.height / 2, class: "axis", "text-anchor": "middle", transform: `rotate(-90 12 ${EDGE.top + inner.height / 2})` }, spec.axis_config.y_label),
  ];
  const draw = { line, area, bar }[spec.type];
  return svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "plot", "aria-hidden": "true" }, grid, names, titles, draw(spec, labels, x, y, slot));
}

function line(spec, labels, x, y) {
  return spec.series.map((series, index) => {
    const points = labels.map((label, at) => `${x(at)},${y(valueAt(series, label))}`);
    const dots = labels.map((label, at) => svg("circle", { cx: x(at), cy: y(valueAt(series, label)), r: 3, class: `fill c${index % 12}` }, svg("title", {}, `${series.name} ${label}: ${valueAt(series, label)}`)));
    return [svg("polyline", { points: points.join(" "), class: `stroke c${index % 12}` }), dots];
  });
}

function area(spec, labels, x, y) {
  return spec.series.map((series, index) => {
    const points = labels.map((label, at) => `${x(at)},${y(valueAt(series, label))}`);
    const base = [`${x(labels.length - 1)},${y(0)}`, `${x(0)},${y(0)}`];
    return [svg("polygon", { points: [...points, ...base].join(" "), class: `fill soft c${index % 12}` }), svg("polyline", { points: points.join(" "), class: `stroke c${index % 12}` })];
  });
}

function bar(spec, labels, x, y, slot) {
  const width = (slot * 0.7) / spec.series.length;
  return spec.series.map((series, index) =>
    labels.map((label, at) => {
      const value = valueAt(series, label);
      const left = x(at) - slot * 0.35 + width * index;
      return svg("rect", { x: left, width: Math.max(1, width - 1), y: Math.min(y(value), y(0)), height: Math.max(1, Math.abs(y(value) - y(0))), rx: 1.5, class: `fill c${index % 12}` }, svg("title", {}, `${series.name} ${label}: ${value}`));
    }),
  );
}

function pie(spec) {
  const total = spec.segments.reduce((sum, segment) => sum + segment.value, 0);
  let angle = -Math.PI / 2;
  const slices = spec.segments.map((segment, index) => {
    const from = angle;
    angle += (segment.value / total) * Math.PI * 2;
    const title = svg("title", {}, `${segment.label}: ${segment.value}`);
    if (spec.segments.length === 1) return svg("circle", { cx: 100, cy: 100, r: 90, class: "fill c0" }, title);
    const point = (at) => `${100 + 90 * Math.cos(at)} ${100 + 90 * Math.sin(at)}`;
    const large = angle - from > Math.PI ? 1 : 0;
    return svg("path", { d: `M100 100 L${point(from)} A90 90 0 ${large} 1 ${point(angle)} Z`, class: `fill slice c${index % 12}` }, title);
  });
  return svg("svg", { viewBox: "0 0 200 200", class: "pie", "aria-hidden": "true" }, slices);
}

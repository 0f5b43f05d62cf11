"use strict";
const shown = JSON.parse(document.getElementById("shown").textContent);
const root = document.documentElement;
root.classList.toggle("dark", matchMedia("(prefers-color-scheme: dark)").matches);
const colour = name => (name || "").startsWith("#") ? name : getComputedStyle(root).getPropertyValue("--" + name).trim() || colour("grey");
const PALETTE = ["green", "yellow", "blue", "orange", "red", "purple", "grey"];
const MEANT = { "need a hand": "red", "coming back": "blue", back: "green", recovered: "green", failed: "red", withdrawn: "grey", "brought-back": "blue",
  objective: "red", p50: "blue", p90: "orange", "in-service": "green", beating: "green", out: "grey", suspected: "yellow", held: "red", recovering: "blue",
  opened: "orange", silent: "orange", isolated: "red", unwatched: "grey" };
const narrow = innerWidth <= 700;

function make(kind, text, parent) {
  const element = document.createElement(kind);
  if (text !== undefined) element.textContent = text;
  if (parent) parent.append(element);
  return element;
}

function lasted(seconds) {
  const parts = [[86400, "d"], [3600, "h"], [60, "m"], [1, "s"]];
  const told = [];
  let left = Math.round(seconds);
  for (const [size, word] of parts) {
    if (left >= size) told.push(Math.floor(left / size) + word);
    left %= size;
  }
  return told.slice(0, 2).join(" ") || "0s";
}

function inUnit(value, unit) {
  if (unit === "percentunit") return (100 * value).toFixed(value === 1 || value === 0 ? 0 : 1) + " %";
  if (unit === "dtdurations") return lasted(value);
  if (unit === "s" && value > 0 && value < 1) return Number((1000 * value).toPrecision(2)) + " ms";
  if (unit === "s") return value >= 120 ? lasted(value) : (value >= 10 ? value.toFixed(0) : value.toPrecision(2)) + " s";
  return Number.isInteger(value) ? String(value) : value.toPrecision(3);
}

function step(panel, value) {
  let found = "green";
  for (const each of panel.steps) if (each.value === null || value >= each.value) found = each.color;
  return found;
}

const last = series => series.points[series.points.length - 1][1];

function stats(panel, box) {
  const all = make("div", undefined, box);
  all.className = "stats";
  if (!panel.series.length) return empty(all, panel);
  for (const series of panel.series) {
    const value = last(series), word = panel.words[String(value)];
    const card = make("div", undefined, all);
    card.className = "stat" + (panel.series.length > 1 || panel.names ? " many" : "");
    card.style.background = colour(word ? word.color : step(panel, value));
    make("b", panel.names ? series.name : word ? word.text : inUnit(value, panel.unit), card);
    if (series.name && !panel.names) make("span", series.name, card);
  }
}

function empty(box, panel) {
  const card = make("div", undefined, box);
  card.className = "stat empty";
  make("b", panel.nothing, card);
}

function bars(panel, box) {
  if (!panel.series.length) return void (make("p", panel.nothing, box).className = "none");
  const most = Math.max(...panel.series.map(last), 1e-9);
  for (const series of panel.series) {
    const row = make("div", undefined, box), value = last(series);
    row.className = "bar";
    make("span", series.name, row);
    const bar = make("i", undefined, row);
    bar.style.width = Math.max(1, 100 * value / most) + "%";
    bar.style.background = colour(MEANT[series.name] || step(panel, value));
    make("b", inUnit(value, panel.unit), row);
  }
}

function table(panel, box) {
  if (!panel.series.length) return void (make("p", panel.nothing, box).className = "none");
  const heads = panel.columns, made = make("table", undefined, box), head = make("tr", undefined, make("thead", undefined, made));
  for (const [, title] of heads) make("th", title, head);
  const body = make("tbody", undefined, made);
  for (const series of panel.series) {
    const row = make("tr", undefined, body);
    for (const [label] of heads) make("td", label === "Value" ? inUnit(last(series), panel.unit) : series.labels[label] || "", row);
  }
}

const when = seconds => new Date(seconds * 1000).toISOString().slice(0, 19);

function layout(panel) {
  const short = shown.now - shown.begin < 600, days = shown.now - shown.begin > 2 * 86400;
  return {
    margin: { l: 46, r: 10, t: 4, b: 44 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: colour("text"), size: 11 },
    xaxis: { type: "date", gridcolor: colour("line"), range: panel.step > 864000 ? undefined : [when(shown.begin), when(shown.now)], tickformat: days ? "%b %d" : short ? "%H:%M:%S" : "%H:%M",
      nticks: narrow || short ? 5 : 8 },
    yaxis: { gridcolor: colour("line"), rangemode: "tozero", zeroline: false, nticks: 6 },
    legend: { orientation: "h", y: -0.18, x: 0, font: { size: 11 } }, showlegend: true, barmode: panel.stacked ? "stack" : "group", hovermode: "x unified",
  };
}

function lines(panel, box) {
  if (!panel.series.length) return void (make("p", panel.nothing, box).className = "none");
  const traces = panel.series.map((series, at) => {
    const own = colour(MEANT[series.name] || PALETTE[at % PALETTE.length]), x = series.points.map(p => when(p[0])), y = series.points.map(p => p[1]);
    const trace = { name: series.name, x, y };
    if (panel.bars) return { ...trace, type: "bar", marker: { color: own } };
    return { ...trace, type: "scatter", mode: series.points.length < 2 ? "markers" : "lines", line: { color: own, width: 1.5, shape: "hv" },
      ...(panel.stacked ? { stackgroup: "one", fillcolor: own + "66" } : {}) };
  });
  const form = layout(panel);
  const most = Math.max(...panel.series.flatMap(series => series.points.map(p => p[1])));
  if (panel.unit === "short" && most <= 4) form.yaxis.dtick = 1;
  if (panel.unit === "percentunit") form.yaxis.tickformat = ".0%";
  if (panel.unit === "s") form.yaxis.ticksuffix = " s";
  plot(box, traces, form);
}

function timeline(panel, box) {
  if (!panel.series.length) return void (make("p", panel.nothing, box).className = "none");
  const states = new Map(), rows = panel.series.map(series => series.name);
  for (const series of panel.series) {
    let begun = 0;
    for (let at = 1; at <= series.points.length; at++) {
      const before = series.points[at - 1], point = series.points[at];
      if (point && point[1] === before[1] && point[0] - before[0] < 1.5 * panel.step) continue;
      const key = String(before[1]), first = series.points[begun][0];
      if (!states.has(key)) states.set(key, { x: [], base: [], y: [] });
      const into = states.get(key);
      into.x.push((before[0] + panel.step - first) * 1000);
      into.base.push(when(first));
      into.y.push(series.name);
      begun = at;
    }
  }
  const known = Object.keys(panel.words);
  const traces = [...states.keys()].sort((a, b) => known.indexOf(a) - known.indexOf(b)).map(key => ({
    type: "bar", orientation: "h", name: panel.words[key]?.text || key, ...states.get(key), marker: { color: colour(panel.words[key]?.color || "grey") } }));
  const form = layout(panel);
  Object.assign(form, { barmode: "overlay", bargap: 0.2, hovermode: "closest" });
  form.yaxis = { type: "category", categoryorder: "array", categoryarray: [...rows].reverse(), automargin: true };
  form.legend.y = -0.1;
  plot(box, traces, form);
}

function plot(box, traces, form) {
  const place = make("div", undefined, box);
  place.className = "plot";
  Plotly.newPlot(place, traces, form, { displayModeBar: false, responsive: true });
}

function text(panel, box) {
  make("pre", panel.text.replace(/```\n?/g, "").trim(), box);
}

const KINDS = { stat: stats, bargauge: bars, table, timeseries: lines, "state-timeline": timeline, text };
document.querySelector("h1").textContent = shown.title;
document.getElementById("caption").textContent = shown.caption;
const main = document.querySelector("main");
for (const panel of shown.panels) {
  if (panel.kind === "row") { make("h2", panel.title, main); continue; }
  const box = make("section", undefined, main);
  box.style.gridColumn = "span " + panel.place.w;
  box.classList.add(panel.kind);
  box.style.height = !narrow ? 34 * panel.place.h + "px" : ["table", "bargauge", "text", "stat"].includes(panel.kind) ? "auto" : panel.series.length > 4 ? 34 * 9 + "px" : "240px";
  make("h3", panel.title, box).title = panel.about;
  KINDS[panel.kind](panel, box);
}
document.body.dataset.drawn = "yes";

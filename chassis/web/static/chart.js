// Draws a chart over a table: the table is the source and says everything the chart does.
//
// The macro `chart` of parts.html writes it:
//
//   <figure class="chart" data-chart="bars">          bars lie, columns stand, a line runs
//     <figcaption>Days of cover</figcaption>
//     <div class="plot" aria-hidden="true" hx-morph-skip></div>
//     <table>
//       <thead><tr><th>Offer</th><th data-series>Cover</th><th data-limit>Delivery</th></tr></thead>
//       <tbody><tr><th scope="row">…</th><td data-value="12.5" data-state="good">…</td>…
//
// The first cell of a row is its label; a column with `data-series` is drawn (`data-series="bad"`: in
// that state's colour), one with `data-limit` is a mark to hold it against, any other is only read.
// `data-value` is the number in a cell, its `data-state` (good, wait, bad) colours it.  On the figure,
// `data-format="euros"` says that values are cents, `data-max` where the scale ends, `data-reverse` that
// the latest row stands first.
// A page names this script; a figure that htmx brings is drawn when it is there, and again when its
// table says something else.  The library comes once the page is whole: nobody waits for it.

import { euros } from "./say.js";

const VENDOR = "./vendor/chart.js-4.6.1/chart.umd.min.js";
const STATES = { good: "--good", wait: "--wait", bad: "--bad" };
const SERIES = ["--brand", "--focus", "--ink-soft"];
const ROW_PX = 34;
const TWO_LINES_PX = 42;
const LEGEND_LINE_PX = 28;
const NARROW_PX = 480;
/** An axis of money ends no lower: on a lower one the same amount would stand twice. */
const ONE_EURO = 100;
/** What is drawn: of each figure the chart, and what its table said. */
const drawn = new Map();

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const darkScheme = matchMedia("(prefers-color-scheme: dark)");
const stillness = matchMedia("(prefers-reduced-motion: reduce)");

/** Read what a figure's table says: its labels, and its columns that are drawn. */
function tableOf(figure) {
  const heads = [...figure.querySelectorAll("thead th")];
  const rows = [...figure.querySelectorAll("tbody tr")];
  const labels = rows.map((row) => row.cells[0].dataset.label ?? row.cells[0].textContent.trim());
  const columns = heads.flatMap((head, at) => {
    if (!("series" in head.dataset) && !("limit" in head.dataset)) return [];
    const cells = rows.map((row) => row.cells[at]);
    return [
      {
        label: head.textContent.trim(),
        isLimit: "limit" in head.dataset,
        kind: head.dataset.series,
        values: cells.map((cell) => (cell.dataset.value ? Number(cell.dataset.value) : null)),
        states: cells.map((cell) => cell.dataset.state),
      },
    ];
  });
  return { labels, columns };
}

/** A label as the lines of an axis, no longer than there is room for. */
function linesOf(label, width) {
  const most = width < NARROW_PX ? 20 : 40;
  const lines = label.split(" · ").map((line) => (line.length > most ? `${line.slice(0, most - 1)}…` : line));
  return lines.length > 1 ? lines : lines[0];
}

function dataset(column, at, { kind, isLying }) {
  if (column.isLimit) {
    return {
      type: "line",
      label: column.label,
      data: column.values,
      showLine: false,
      pointStyle: "line",
      rotation: isLying ? 90 : 0,
      radius: ROW_PX / 3,
      hoverRadius: ROW_PX / 3,
      borderColor: colour("--ink"),
      borderWidth: 3,
    };
  }
  const base = colour(STATES[column.kind] ?? SERIES[at % SERIES.length]);
  const each = column.states.map((state) => (state in STATES ? colour(STATES[state]) : base));
  return {
    label: column.label,
    data: column.values,
    backgroundColor: kind === "line" ? base : each,
    borderColor: base,
    borderWidth: kind === "line" ? 2 : 0,
    maxBarThickness: ROW_PX * 0.6,
    order: 1,
  };
}

function optionsOf(figure, { isLying, isWhole, seriesCount, isNew }) {
  const [ink, rule] = [colour("--ink-soft"), colour("--rule")];
  const isMoney = figure.dataset.format === "euros";
  const asText = isMoney ? euros : (value) => value.toLocaleString(document.documentElement.lang);
  const { max } = figure.dataset;
  const values = { beginAtZero: true, suggestedMax: isMoney ? ONE_EURO : 1, max: max ? Number(max) : undefined, grid: { color: rule }, ticks: { color: ink, callback: asText, maxTicksLimit: 8, precision: isWhole ? 0 : undefined } };
  const labels = { reverse: "reverse" in figure.dataset, grid: { display: false }, ticks: { color: ink, autoSkip: !isLying, maxRotation: 0 } };
  return {
    animation: isNew && !stillness.matches ? { duration: 250 } : false,
    maintainAspectRatio: false,
    indexAxis: isLying ? "y" : "x",
    scales: isLying ? { x: values, y: labels } : { x: labels, y: values },
    plugins: {
      legend: { display: seriesCount > 1, position: "bottom", labels: { color: ink, usePointStyle: true } },
      tooltip: {
        callbacks: {
          label: ({ dataset: { label }, parsed }) => `${label} : ${asText(isLying ? parsed.x : parsed.y)}`,
        },
      },
    },
  };
}

const isDrawn = (figure) => {
  const known = drawn.get(figure);
  return known !== undefined && known.said === figure.textContent && known.chart?.canvas.isConnected !== false;
};

/** Room for each bar beside its label, for the axis, and for the legend: on a narrow screen, a line each. */
function heightOf(labels, columns, width) {
  const row = labels.some((label) => label.includes(" · ")) ? TWO_LINES_PX : ROW_PX;
  const legend = columns.length < 2 ? 0 : width < NARROW_PX ? columns.length : 1;
  return labels.length * row + ROW_PX + legend * LEGEND_LINE_PX;
}

function draw(figure) {
  const kind = figure.dataset.chart;
  const isLying = kind === "bars";
  const { labels, columns } = tableOf(figure);
  const before = drawn.get(figure);
  before?.chart?.destroy();
  // Whoever hears the page hears the table: the picture says nothing that is not in it.
  const place = figure.querySelector(".plot");
  const values = columns.flatMap((column) => column.values);
  place.hidden = !values.some(Boolean); // of nothing but noughts there is nothing to see
  drawn.set(figure, { said: figure.textContent });
  if (place.hidden) return;
  if (isLying) place.style.height = `${heightOf(labels, columns, place.clientWidth)}px`;
  const canvas = document.createElement("canvas");
  place.replaceChildren(canvas);
  globalThis.Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  drawn.get(figure).chart = new globalThis.Chart(canvas, {
    type: kind === "line" ? "line" : "bar",
    data: { labels: labels.map((label) => linesOf(label, place.clientWidth)), datasets: columns.map((column, at) => dataset(column, at, { kind, isLying })) },
    options: optionsOf(figure, { isLying, isWhole: values.every((value) => value === null || Number.isInteger(value)), seriesCount: columns.length, isNew: !before }),
  });
}

/** Draw every figure that is new or says something new, or each anew; what left is let go. */
async function drawAll({ anew = false } = {}) {
  for (const [figure, { chart }] of drawn) {
    if (figure.isConnected) continue;
    chart?.destroy();
    drawn.delete(figure);
  }
  const figures = [...document.querySelectorAll("figure[data-chart]:has(> .plot)")];
  if (!figures.length) return;
  await import(VENDOR);
  for (const figure of figures) {
    if (anew || !isDrawn(figure)) draw(figure);
  }
}

if (document.readyState === "complete") drawAll();
else addEventListener("load", () => drawAll(), { once: true });
document.addEventListener("htmx:after:swap", () => document.readyState === "complete" && drawAll());
darkScheme.addEventListener("change", () => drawAll({ anew: true }));

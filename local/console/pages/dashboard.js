// Draws a dashboard's widgets on CloudWatch's grid and keeps them up to date.
// Names come from metrics and logs, so whatever is shown goes through textContent, never through markup.

const REFRESH_SECONDS = 10;
const AT_A_TIME = 4;
const COLORS = {
  light: ["#0072b2", "#d55e00", "#009e73", "#b5498a", "#a07400", "#5a4fcf", "#c0392b", "#2c7a7b", "#6b7280", "#7c4a03"],
  dark: ["#4aa8e0", "#ff9150", "#3fd0a4", "#e58bc0", "#e6b53c", "#a79dff", "#ff7b72", "#5ccfcf", "#a8b0ba", "#d9a066"],
};
const STATES = ["ALARM", "INSUFFICIENT_DATA", "OK"];
const NARROW = matchMedia("(max-width: 900px)");
const FIRST_ROWS = 2; // the alarms, and whether customers are served
const SHORT = { ALARM: "ALARM", INSUFFICIENT_DATA: "no data", OK: "OK" };

const page = { name: "", minutes: 60, widgets: [], shown: [] };
const byId = (id) => document.getElementById(id);

/** Make an element with text and attributes; children may be elements or texts. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function theme() {
  return document.documentElement.dataset.theme;
}

/** Write a number as people read it: 12.3k, 0.42. */
function readable(value) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  if (size >= 1e9) return `${trimmed(value / 1e9)}G`;
  if (size >= 1e6) return `${trimmed(value / 1e6)}M`;
  if (size >= 1e4) return `${trimmed(value / 1e3)}k`;
  return trimmed(value);
}

function trimmed(value) {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString("en", { maximumFractionDigits: digits });
}

async function ask(path, parameters = {}) {
  const answer = await fetch(`${path}?${new URLSearchParams(parameters)}`);
  if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).error ?? `${answer.status}`);
  return answer.json();
}

// ── Text ────────────────────────────────────────────────────────────────────────────────────

const INLINE = /(`[^`]+`)|(\*\*[^*]+\*\*)|(\*[^*]+\*)|\[([^\]]*)\]\(([^)\s]*)\)/g;

/** Render the inline part of Markdown that dashboards use: code, bold, italics, links. */
function inline(text) {
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(INLINE)) {
    const [whole, code, bold, italic, label, address] = found;
    parts.push(text.slice(end, found.index));
    if (code) parts.push(make("code", {}, code.slice(1, -1)));
    else if (bold) parts.push(make("strong", {}, bold.slice(2, -2)));
    else if (italic) parts.push(make("em", {}, italic.slice(1, -1)));
    else parts.push(link(label.replace(/^button:(?:primary:)?/, ""), address));
    end = found.index + whole.length;
  }
  return [...parts, text.slice(end)];
}

/** Make a link; an address that is no web page's is shown as text. */
function link(label, address) {
  if (!/^(https?:\/\/|#)/i.test(address)) return `${label} (${address})`;
  return make("a", { href: address, rel: "noreferrer noopener", target: "_blank" }, label);
}

/** Render Markdown: headings, lists, tables, paragraphs. */
function markdown(text) {
  const blocks = [];
  for (const chunk of text.split(/\n\s*\n/)) {
    const lines = chunk.split("\n").filter((line) => line.trim());
    while (lines.length) blocks.push(block(lines));
  }
  return make("div", { className: "markdown" }, ...blocks);
}

/** Take one block off the lines. */
function block(lines) {
  const heading = /^(#{1,4})\s+(.*)/.exec(lines[0]);
  if (heading) {
    lines.shift();
    return make(`h${Math.min(heading[1].length + 1, 5)}`, {}, ...inline(heading[2]));
  }
  for (const [pattern, render] of [[/^\s*[-*]\s+/, list], [/^\s*\|/, table]]) {
    if (pattern.test(lines[0])) return render(taken(lines, (line) => pattern.test(line)));
  }
  return make("p", {}, ...inline(taken(lines, (line) => !/^(#|\s*[-*]\s|\s*\|)/.test(line)).join(" ")));
}

function taken(lines, wanted) {
  const end = lines.findIndex((line, place) => place > 0 && !wanted(line));
  return lines.splice(0, end < 0 ? lines.length : end);
}

function list(lines) {
  return make("ul", {}, ...lines.map((line) => make("li", {}, ...inline(line.replace(/^\s*[-*]\s+/, "")))));
}

function table(lines) {
  const rows = lines.map((line) => line.trim().replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim()));
  const body = rows.filter((row) => !row.every((cell) => /^:?-+:?$/.test(cell)));
  return make("table", {}, ...body.map((row, place) =>
    make("tr", {}, ...row.map((cell) => make(place ? "td" : "th", {}, ...inline(cell))))));
}

// ── Frames of widgets ───────────────────────────────────────────────────────────────────────

/** Make a widget's frame at its place on the grid. */
function frame(widget) {
  const kind = widget.kind === "text" ? "text" : widget.kind === "metric" && widget.view === "timeSeries" ? "graph" : "scrolls";
  const element = make("section", { className: `widget ${kind}` });
  element.dataset.index = widget.index;
  element.style.gridColumn = `${widget.x + 1} / span ${widget.width}`;
  element.style.gridRow = `${widget.y + 1} / span ${widget.height}`;
  if (widget.kind === "text") {
    element.append(markdown(widget.markdown));
    return { widget, element };
  }
  const title = make("h2", { id: `title-${widget.index}` }, widget.title);
  const body = make("div", { className: "body" }, make("p", { className: "silence" }, "…"));
  element.setAttribute("aria-labelledby", title.id);
  element.append(title, body);
  if (kind === "scrolls") Object.assign(body, { tabIndex: 0 });
  return { widget, element, title, body, hidden: new Set() };
}

/** Put widgets into rows: each row begins with a text, which folds it where a screen is narrow. */
function rowsOf(shown) {
  const rows = [];
  for (const each of shown) {
    if (!rows.length || each.widget.kind === "text") rows.push(make("section", { className: "row" }));
    const row = rows.at(-1);
    row.append(each.element);
    each.row = row;
    const heading = each.widget.kind === "text" && each.element.querySelector("h2, h3, h4, h5");
    if (heading) foldable(row, heading, rows.length > FIRST_ROWS);
  }
  return rows;
}

/** Let a row's heading fold it; that counts on narrow screens alone, where the first ones are open. */
function foldable(row, heading, folded) {
  const button = make("button", { type: "button", className: "fold" }, ...heading.childNodes);
  const fold = (wanted) => {
    row.classList.toggle("folded", wanted);
    button.setAttribute("aria-expanded", String(!wanted));
  };
  button.addEventListener("click", () => {
    if (!NARROW.matches) return;
    fold(!row.classList.contains("folded"));
    refresh();
  });
  heading.replaceChildren(button);
  fold(folded);
}

/** Tell whether a widget is to be seen: what is folded away is not asked for either. */
const isSeen = ({ row }) => !(NARROW.matches && row.classList.contains("folded"));

/** Show what a widget's figures are. */
function show(shown, figures) {
  const draw = { alarm: showAlarms, log: showRows }[shown.widget.kind] ?? (VIEWS[shown.widget.view] ?? showGraph);
  shown.figures = figures;
  shown.element.querySelectorAll(".problem").forEach((old) => old.remove());
  if (figures.silence) showSilence(shown, figures.silence);
  else draw(shown, figures);
  for (const problem of figures.problems ?? []) shown.element.append(make("p", { className: "problem" }, problem));
  shown.element.dataset.ready = "true";
}

function showSilence(shown, reason) {
  forgetGraph(shown);
  shown.body.replaceChildren(make("p", { className: "silence" }, reason));
}

function forgetGraph(shown) {
  shown.graph?.destroy();
  shown.legend?.remove();
  shown.graph = shown.legend = undefined;
}

// ── Numbers ─────────────────────────────────────────────────────────────────────────────────

const last = (series) => series.points.at(-1)?.[1];

function showNumbers(shown, { series }) {
  const numbers = series.map((one) => make("div", {},
    make("dt", {}, one.label), make("dd", { title: String(last(one) ?? "") }, readable(last(one)))));
  shown.body.replaceChildren(make("dl", { className: series.length > 4 ? "numbers many" : "numbers" }, ...numbers));
}

function showBars(shown, { series }) {
  const most = Math.max(...series.map((one) => last(one) ?? 0), 0) || 1;
  const rows = series.flatMap((one) => {
    const value = last(one) ?? 0;
    return [make("span", {}, one.label), make("meter", { min: 0, max: most, value, ariaLabel: one.label }),
      make("output", {}, readable(last(one)))];
  });
  shown.body.replaceChildren(make("div", { className: "bars" }, ...rows));
}

function showSummary(shown, { series }) {
  const rows = series.map((one) => {
    const values = one.points.map(([, value]) => value);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return [one.label, last(one), Math.min(...values), Math.max(...values), mean].map((value, place) =>
      place ? readable(Number.isFinite(value) ? value : null) : value);
  });
  showTable(shown, ["", "last", "min", "max", "mean"], rows);
}

function showRows(shown, { columns, rows }) {
  showTable(shown, columns, rows);
}

function showTable(shown, columns, rows) {
  const numeric = columns.map((_, place) => rows.length > 0 && rows.every((row) => /^[-–]?[\d.,]*[kMG]?$/.test(row[place] ?? "")));
  const cell = (tag, value, place) => make(tag, numeric[place] ? { className: "number" } : {}, value ?? "");
  const head = make("thead", {}, make("tr", {}, ...columns.map((name, place) => {
    const heading = cell("th", name.replace(/_ms$/, ", ms"), place);
    heading.scope = "col";
    return heading;
  })));
  const body = make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map((value, place) => cell("td", value, place)))));
  shown.body.replaceChildren(make("table", {}, head, body));
}

function showAlarms(shown, { alarms }) {
  const sorted = [...alarms].sort((one, other) => STATES.indexOf(one.state) - STATES.indexOf(other.state) || one.name.localeCompare(other.name));
  const items = sorted.map((alarm) => make("li", { title: `${alarm.description}\n${alarm.reason}`.trim(), className: { ALARM: "loud", OK: "fine" }[alarm.state] ?? "" },
    make("span", { className: `state ${STATES.includes(alarm.state) ? alarm.state : ""}` }, SHORT[alarm.state] ?? alarm.state),
    make("span", { className: "name" }, alarm.state === "ALARM" ? `${alarm.name}: ${alarm.description}` : alarm.name)));
  const bad = alarms.filter((alarm) => alarm.state === "ALARM").length;
  const summary = bad ? `${bad} of ${alarms.length} in alarm` : `none of ${alarms.length} in alarm`;
  shown.title.replaceChildren(`${shown.widget.title || "Alarms"} `, make("span", { className: bad ? "summary bad" : "summary" }, summary));
  shown.body.replaceChildren(make("ul", { className: "alarms" }, ...items));
}

// ── Graphs ──────────────────────────────────────────────────────────────────────────────────

/** Bring all series onto one row of times; null where one has no value, so that no line goes through. */
function aligned(series, stacked) {
  const known = series.flatMap((one) => one.points.flatMap(([at]) => [at, at + one.period]));
  const times = [...new Set(known)].sort((one, other) => one - other);
  const rows = series.map((one) => {
    const found = new Map(one.points);
    let latest = -Infinity;
    return times.map((at) => {
      if (found.has(at)) latest = at;
      // Between two values of a long period stand times of the others' short ones: those are no gaps.
      return found.get(at) ?? (at < latest + one.period ? undefined : null);
    });
  });
  if (!stacked) return { drawn: [times, ...rows], rows };
  const sums = times.map(() => 0);
  const piled = rows.map((row) => row.map((value, place) => (sums[place] += value ?? 0)));
  return { drawn: [times, ...piled], rows };
}

function colorOf(series, place) {
  const colors = COLORS[theme()];
  return series.color ?? colors[place % colors.length];
}

/** Find the range of an axis: what the definition says, else all values, and limits that are near. */
function rangeOf(shown, side, least, most) {
  const axis = shown.widget.axes[side];
  const limits = shown.widget.thresholds.filter((limit) => limit.axis === side && limit.value <= 4 * (most ?? 0)).map((limit) => limit.value);
  const top = axis.max ?? (Math.max(most ?? 0, ...limits) * 1.1 || 1);
  const bottom = axis.min ?? Math.min(least ?? 0, 0);
  return [bottom, top > bottom ? top : bottom + 1];
}

function options(shown, figures, size) {
  const style = getComputedStyle(document.documentElement);
  const [quiet, edge] = ["--quiet", "--edge"].map((name) => style.getPropertyValue(name).trim());
  const font = "11px system-ui, sans-serif";
  const used = new Set(figures.series.map((one) => one.axis));
  const axis = (side, show) => ({
    scale: side, show, side: side === "left" ? 3 : 1, stroke: quiet, font, size: 46, space: 28,
    grid: { show: side === "left", stroke: edge, width: 1 }, ticks: { show: false },
    label: shown.widget.axes[side].label || undefined, labelSize: 16, labelFont: font,
    values: (_, ticks) => ticks.map(readable),
  });
  const scale = (side) => ({ range: (_, least, most) => rangeOf(shown, side, least, most) });
  return {
    ...size,
    padding: [10, 14, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: "moment" }, drag: { x: false, y: false }, points: { size: 6 } },
    scales: { x: { range: () => [shown.figures.start, shown.figures.end] }, left: scale("left"), right: scale("right") },
    axes: [
      { stroke: quiet, font, size: 24, space: 55, grid: { show: false }, ticks: { show: false }, values: clock },
      axis("left", used.has("left")), axis("right", used.has("right")),
    ],
    series: [{}, ...figures.series.map((one, place) => line(shown, one, place))],
    hooks: { draw: [(graph) => drawLimits(shown, graph)], setCursor: [(graph) => followCursor(shown, graph)] },
  };
}

function clock(_, ticks) {
  return ticks.map((at) => new Date(at * 1000).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" }));
}

function line(shown, one, place) {
  const color = colorOf(one, place);
  const few = () => shown.figures.series[place].points.length <= 90;
  const alone = (graph, row, all) => (all ? null : lonely(graph.data[row]));
  return {
    scale: one.axis, stroke: color, width: 1.75, spanGaps: false, show: !shown.hidden.has(place),
    fill: shown.widget.stacked ? `${color}33` : undefined,
    points: { show: few, filter: alone, size: 4, fill: color },
  };
}

/** Find the values that have no neighbour: no line shows them. */
function lonely(values) {
  const seen = values.flatMap((value, place) => (value === undefined ? [] : [place]));
  const empty = (place) => place === undefined || values[place] === null;
  return seen.filter((place, order) => !empty(place) && empty(seen[order - 1]) && empty(seen[order + 1]));
}

/** Draw the limits of the definition as dashed lines, where they are in sight. */
function drawLimits(shown, graph) {
  const { ctx, bbox } = graph;
  for (const limit of shown.widget.thresholds) {
    const y = graph.valToPos(limit.value, limit.axis, true);
    if (!(y >= bbox.top && y <= bbox.top + bbox.height)) continue;
    ctx.save();
    ctx.strokeStyle = limitColor(limit);
    ctx.lineWidth = 1.5 * devicePixelRatio;
    ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }
}

function limitColor(limit) {
  return limit.color ?? getComputedStyle(document.documentElement).getPropertyValue("--alarm").trim();
}

/** Let the legend tell the values at the cursor, and the latest ones when it is elsewhere. */
function followCursor(shown, graph) {
  const place = graph.cursor.idx;
  shown.outputs?.forEach((output, series) => {
    const one = shown.figures.series[series];
    const value = place === null || place === undefined || graph.cursor.left < 0 ? last(one) : shown.rows[series]?.[place];
    output.textContent = readable(value);
  });
}

function showGraph(shown, figures) {
  const { drawn, rows } = aligned(figures.series, shown.widget.stacked);
  shown.rows = rows;
  const known = JSON.stringify([figures.series.map(({ label, axis, color }) => [label, axis, color]), theme()]);
  if (shown.graph && shown.known === known) {
    shown.graph.setData(drawn);
  } else {
    forgetGraph(shown);
    shown.known = known;
    shown.legend = legend(shown, figures);
    shown.element.append(shown.legend);
    shown.body.replaceChildren();
    shown.graph = new uPlot(options(shown, figures, sizeOf(shown)), drawn, shown.body);
    shown.graph.over.setAttribute("role", "img");
    fitting.observe(shown.body);
  }
  shown.graph.over.setAttribute("aria-label", inWords(shown, figures));
  followCursor(shown, shown.graph);
}

const sizeOf = (shown) => ({ width: Math.max(80, shown.body.clientWidth), height: Math.max(60, shown.body.clientHeight) });

/** Tell a graph to those who do not see it. */
function inWords(shown, { series }) {
  const told = series.map((one) => `${one.label}: latest ${readable(last(one))}, highest ${readable(Math.max(...one.points.map(([, value]) => value)))}`);
  return `${shown.widget.title}. ${told.join("; ")}`;
}

function legend(shown, figures) {
  shown.outputs = [];
  const items = figures.series.map((one, place) => make("li", {}, switchOf(shown, one, place)));
  const limits = shown.widget.thresholds.map((limit) => {
    const swatch = make("span", { className: "swatch dashed" });
    swatch.style.borderColor = limitColor(limit);
    return make("li", {}, make("span", { className: "line" }, swatch, `${limit.label || "limit"} ${readable(limit.value)}`));
  });
  return make("ul", { className: "legend" }, ...items, ...limits);
}

/** Make the legend's button that shows or hides a line. */
function switchOf(shown, one, place) {
  const swatch = make("span", { className: "swatch" });
  swatch.style.backgroundColor = colorOf(one, place);
  const output = make("output", {}, "");
  shown.outputs[place] = output;
  const button = make("button", { type: "button", title: `Show or hide: ${one.stat}` }, swatch, one.label, output);
  button.setAttribute("aria-pressed", String(!shown.hidden.has(place)));
  button.addEventListener("click", () => {
    const hide = !shown.hidden.has(place);
    shown.hidden[hide ? "add" : "delete"](place);
    shown.graph.setSeries(place + 1, { show: !hide });
    button.setAttribute("aria-pressed", String(!hide));
  });
  return button;
}

const VIEWS = { timeSeries: showGraph, singleValue: showNumbers, gauge: showNumbers, bar: showBars, pie: showBars, table: showSummary };

// ── The page ────────────────────────────────────────────────────────────────────────────────

/** Ask for all figures, some at a time; a later round takes over from one that is not over. */
async function refresh() {
  const round = (page.round = (page.round ?? 0) + 1);
  const waiting = page.shown.filter((one) => one.widget.kind !== "text" && isSeen(one));
  const failed = [];
  delete document.body.dataset.ready;
  const worker = async () => {
    for (let next = waiting.shift(); next && round === page.round; next = waiting.shift()) {
      const asked = { name: page.name, index: next.widget.index, minutes: page.minutes };
      try {
        const figures = await ask("/widget.json", asked);
        if (round === page.round) show(next, figures);
      } catch (error) {
        failed.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  if (round !== page.round) return;
  tell(failed);
  document.body.dataset.ready = "true";
}

function tell(failed) {
  const status = byId("status");
  status.classList.toggle("bad", failed.length > 0);
  const reason = failed[0] instanceof TypeError ? "the local run does not answer. Start it again: make run" : failed[0]?.message;
  status.textContent = failed.length ? `Not up to date: ${reason}` : `As of ${new Date().toLocaleTimeString("en-GB")}`;
}

async function open(name) {
  const definition = await ask("/dashboard.json", { name }).catch((error) => {
    throw error.message === "404" ? new Error(`there is no dashboard ${name}; open the page without a name`) : error;
  });
  page.shown.forEach(forgetGraph);
  Object.assign(page, { name, widgets: definition.widgets, shown: definition.widgets.map(frame) });
  byId("name").textContent = name;
  document.title = `${name}: dashboard of the local run`;
  byId("widgets").replaceChildren(...rowsOf(page.shown));
  offerRanges(definition.minutes);
  await refresh();
}

function offerRanges(choices) {
  const words = (minutes) => (minutes < 60 ? `${minutes} min` : `${minutes / 60} h`);
  const buttons = choices.map((minutes) => {
    const button = make("button", { type: "button" }, words(minutes));
    button.setAttribute("aria-pressed", String(minutes === page.minutes));
    button.addEventListener("click", () => {
      page.minutes = minutes;
      buttons.forEach((one) => one.setAttribute("aria-pressed", String(one === button)));
      refresh();
    });
    return button;
  });
  byId("range").replaceChildren(byId("range").querySelector("legend"), ...buttons);
}

function offerDashboards(names, chosen) {
  byId("choice").hidden = names.length < 2;
  byId("dashboards").replaceChildren(...names.map((name) => make("option", { value: name, selected: name === chosen }, name)));
  byId("dashboards").addEventListener("change", (event) => open(event.target.value));
}

function setTheme(wanted) {
  document.documentElement.dataset.theme = wanted;
  for (const shown of page.shown) if (shown.figures) show(shown, shown.figures);
}

/** Graphs have the size of their place, which changes with the window and with what stands beside. */
const fitting = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const shown = page.shown.find((one) => one.body === target);
    if (shown?.graph && isSeen(shown)) shown.graph.setSize(sizeOf(shown));
  }
});

async function start() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  setTheme(dark.matches ? "dark" : "light");
  dark.addEventListener("change", () => setTheme(dark.matches ? "dark" : "light"));
  byId("theme").addEventListener("click", () => setTheme(theme() === "dark" ? "light" : "dark"));
  NARROW.addEventListener("change", () => refresh());
  try {
    const names = await ask("/dashboards.json");
    const wanted = new URLSearchParams(location.search).get("dashboard") ?? names[0];
    offerDashboards(names, wanted);
    if (!wanted) throw new Error("the stack has no dashboard");
    await open(wanted);
  } catch (error) {
    tell([error]);
  }
  setInterval(() => byId("refresh").checked && !document.hidden && refresh(), REFRESH_SECONDS * 1000);
}

start();

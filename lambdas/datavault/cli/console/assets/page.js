// Draws one snapshot. Data reaches the page by textContent and setAttribute of fixed names alone, never as markup.
const content = JSON.parse(document.getElementById("content").textContent);
const at = (id) => document.getElementById(id);
const number = new Intl.NumberFormat("en-US");
const shown = (value) => (typeof value === "number" ? number.format(value) : value === null ? "null" : String(value));
const SVG = "http://www.w3.org/2000/svg";

function node(namespace, name, attributes, children) {
  const made = namespace ? document.createElementNS(namespace, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== ""));
  return made;
}
const html = (name, attributes = {}, ...children) => node("", name, attributes, children);
const svg = (name, attributes = {}, ...children) => node(SVG, name, attributes, children);
const fill = (id, ...children) => at(id).replaceChildren(...children);
const text = (x, y, words, kind = "", size = 13, anchor = "middle") =>
  svg("text", { x, y, class: kind, "font-size": size, "text-anchor": anchor }, words);

function table(caption, columns, rows) {
  const isNumber = columns.map((_, index) => rows.length > 0 && rows.every((row) => typeof row[index] === "number"));
  const kind = (index) => (isNumber[index] ? { class: "n" } : {});
  const cell = (value, index) => html("td", kind(index), value instanceof Node ? value : shown(value));
  return html("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    html("table", {},
      html("caption", {}, caption),
      html("thead", {}, html("tr", {}, ...columns.map((name, index) => html("th", { scope: "col", ...kind(index) }, name)))),
      html("tbody", {}, ...rows.map((row) => html("tr", {}, ...row.map(cell))))));
}

function drawFacts({ counts }) {
  const facts = [["Records in", counts.records], ["Valid", counts.valid], ["Quarantined", counts.quarantined],
    ["Chunks", counts.chunks], ["Rows in the warehouse", counts.table_rows], ["Replaced by a later version", counts.superseded_rows]];
  fill("facts", ...facts.map(([name, value]) => html("div", {}, html("dt", {}, name), html("dd", {}, shown(value)))));
}

const WIDTH = 132, STEP = 158, LEFT = 6;

function drawPipeline({ counts, status }) {
  const waiting = (name) => status.waiting[name] ?? [0, 0];
  const lost = (name) => status.given_up[name] ?? 0;
  const hops = [
    ["S3 raw", counts.raw_objects, "objects"], ["processor", counts.receipts, "receipts"],
    ["Kinesis", counts.chunks, "chunks"], ["enrichment", counts.valid, "valid records"],
    ["S3 processed", counts.parquet_rows, "rows in Parquet"], ["loader", counts.loaded_rows, "rows loaded"],
    ["Redshift", counts.table_rows, "rows in tables"]];
  const queue = (name) => `${shown(waiting(name)[0])} wait, ${shown(waiting(name)[1])} in work`;
  const dead = (...names) => names.reduce((sum, name) => sum + lost(name), 0);
  // Under the hop that a queue feeds or a place belongs to: column and row first.
  const sides = [
    [0, 0, "raw events", queue("raw events"), dead("raw events (DLQ)"), "in the DLQ"],
    [0, 1, "held", queue("held events"), null, "of paused datasets"],
    [1, 0, "quarantine", `${shown(counts.quarantined)} records`, null, `${shown(status.paused.length)} datasets paused`],
    [1, 1, "large objects", queue("large objects"), dead("large objects (DLQ)"), "in the DLQ"],
    [3, 0, "set aside", `${shown(dead("failed chunks"))} chunks`, dead("failed chunks", "enrichment batches"), "given up"],
    [5, 0, "Parquet events", queue("Parquet events"), dead("Parquet events (DLQ)"), "in the DLQ"],
    [6, 0, "failed loads", `${shown(dead("failed loads"))} chunks`, dead("failed loads"), "given up"],
  ].filter(([, , name]) => name !== "large objects" || "large objects" in status.waiting);
  const parts = [];
  hops.forEach(([name, value, unit], index) => {
    const x = LEFT + index * STEP, middle = x + WIDTH / 2;
    if (index) {
      const isBusy = waiting(index < 5 ? "raw events" : "Parquet events").some((count) => count > 0);
      parts.push(svg("path", { class: isBusy ? "wire dash flow" : "wire", d: `M${x - STEP + WIDTH + 2} 52H${x - 8}` }),
        svg("path", { class: "tip", d: `M${x - 9} 47l8 5l-8 5z` }));
    }
    parts.push(svg("rect", { class: "box", x, y: 10, width: WIDTH, height: 84, rx: 9 }),
      text(middle, 32, name, "soft"), text(middle, 60, shown(value), "big", 21), text(middle, 81, unit, "soft", 12));
  });
  sides.forEach(([column, row, name, words, count, tail]) => {
    const x = LEFT + column * STEP, y = 130 + row * 94, middle = x + WIDTH / 2, isBad = count > 0;
    parts.push(svg("path", { class: "wire dash", d: row ? `M${middle} ${y - 20}v18` : `M${middle} 96V128` }),
      svg("rect", { class: isBad ? "side alert" : "side", x, y, width: WIDTH, height: 74, rx: 9 }),
      text(middle, y + 21, name, "soft"), text(middle, y + 42, words, "", 13),
      text(middle, y + 62, count === null ? tail : `${shown(count)} ${tail}`, isBad ? "bad" : "soft", 12));
  });
  const words = [...hops.map(([name, value, unit]) => `${name}: ${shown(value)} ${unit}`),
    ...sides.map(([, , name, one, count, tail]) => `${name}: ${one}, ${count === null ? "" : `${shown(count)} `}${tail}`)];
  fill("pipeline", svg("svg", { viewBox: "0 0 1094 304", role: "img", "aria-label": words.join("; ") }, ...parts));
}

const clock = (time) => new Date(time).toISOString().slice(0, 19).replace("T", " ");

function drawGraph(id, points, value, unit, isBar) {
  const known = points.map((point, index) => [index, value(point)]).filter(([, found]) => found !== null);
  if (!known.length) return fill(id, html("p", { class: "soft" }, "Nothing has arrived yet."));
  const highest = Math.max(...known.map(([, found]) => found), 1), slot = 470 / points.length, x = (index) => 70 + (index + 0.5) * slot;
  const top = isBar ? 2 * Math.ceil(highest / 2) : highest; // bars are counts, whose half is one, too
  const y = (found) => 140 - 120 * found / top;
  const parts = [0, 0.5, 1].flatMap((part) => [
    svg("line", { class: "grid", x1: 70, x2: 540, y1: y(part * top), y2: y(part * top) }),
    text(62, y(part * top) + 4, shown(Math.round(part * top * 10) / 10), "soft", 12, "end")]);
  const wide = Math.max(2, Math.min(28, slot * 0.8));
  for (const [index, found] of known.filter(([, one]) => one > 0)) {
    const title = svg("title", {}, `${clock(points[index].start)} UTC: ${shown(found)} ${unit}`);
    parts.push(isBar
      ? svg("rect", { class: "bar", x: x(index) - wide / 2, y: Math.min(y(found), 138), width: wide, height: Math.max(2, 140 - y(found)), rx: 1.5 }, title)
      : svg("circle", { class: "dot", cx: x(index), cy: y(found), r: 4 }, title));
  }
  parts.push(text(70, 162, clock(points[0].start), "soft", 12, "start"), text(540, 162, `${clock(points.at(-1).start)} UTC`, "soft", 12, "end"));
  const label = `${unit} over time, ${shown(highest)} at most`;
  fill(id, svg("svg", { viewBox: "0 0 550 170", role: "img", "aria-label": label }, ...parts),
    html("details", {}, html("summary", {}, "As a table"),
      html("div", {}, table(label, ["received (UTC)", unit], known.filter(([, found]) => found > 0).map(([index, found]) => [clock(points[index].start), found])))));
}

async function asked(path, options) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Error("the console does not answer: is `datavault console` still running?");
  }
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.error);
  return found;
}

function bad(id, reason) {
  const holder = html("div", {}, html("p", { class: "soft" }, "Reading …"));
  const load = async () => {
    try {
      const all = content.live ? await asked(`/records/${id}`) : content.records?.[id] ?? [];
      const rows = all.filter((record) => record.reason === reason).map((record) =>
        [record.rest ? `${shown(record.line)} to the end` : shown(record.line), record.field, html("code", {}, record.form)]);
      holder.replaceChildren(rows.length ? table("Masked: letters and digits stand for their kind", ["line", "field", "form"], rows)
        : html("p", { class: "soft" }, "Not among the records shown here: `datavault quarantine show` has them all."));
    } catch (error) {
      holder.replaceChildren(html("p", { class: "bad" }, error.message));
    }
  };
  return [holder, load];
}

const opened = new Set();

function folding(key, summary, body, load) {
  const made = html("details", {}, summary, body);
  let isLoaded = false;
  made.addEventListener("toggle", () => {
    if (made.open) opened.add(key); else opened.delete(key);
    if (made.open && !isLoaded && load) { isLoaded = true; load(); }
  });
  made.open = opened.has(key);
  return made;
}

function drawQuarantine({ reasons }) {
  if (!reasons.length) return fill("quarantine", html("p", { class: "soft" }, "No bad record."));
  const top = reasons[0].records;
  fill("quarantine", ...reasons.map((entry) => {
    const meter = html("span", { class: "meter", "aria-hidden": "true" },
      svg("svg", { viewBox: "0 0 100 3", preserveAspectRatio: "none" }, svg("rect", { class: "bar", width: 100 * entry.records / top, height: 3 })));
    const objects = entry.objects.map((object) => {
      const [body, load] = bad(object.object_id, entry.reason);
      return folding(`${entry.reason}/${object.object_id}`,
        html("summary", {}, object.key, " ", html("span", { class: "count" }, shown(object.records))), body, load);
    });
    return folding(entry.reason, html("summary", {}, html("code", {}, entry.reason), " ", html("span", { class: "count" }, shown(entry.records)), meter),
      html("div", {}, ...objects));
  }));
}

function drawAudit({ audit }) {
  const word = (isGood) => html("span", { class: isGood ? "good" : "bad" }, isGood ? "balanced" : "not balanced");
  const parts = [table("By dataset", ["dataset", "objects", "rows in the table", "state"],
    Object.entries(audit.datasets).map(([name, found]) => [name, found.objects, found.in_table, word(!found.unbalanced)]))];
  if (audit.findings.length) parts.push(table(`${shown(audit.finding_count)} findings`, ["hop", "object", "what"],
    audit.findings.map((found) => [found.hop, found.key, found.message])));
  const left = audit.object_count - audit.objects.length;
  parts.push(folding("objects", html("summary", {}, `Every raw object, hop by hop (${shown(audit.object_count)})`),
    html("div", {}, table(left ? `${shown(left)} more: datavault audit` : "Raw objects",
      ["object", "lines", "bad", "valid", "Parquet", "loaded", "replaced", "in table", "state"],
      audit.objects.map((one) => [one.key, one.lines, one.quarantined, one.valid, one.parquet, one.loaded, one.superseded, one.in_table, word(one.is_balanced)])))));
  fill("audit", ...parts);
}

const dollars = (value) => `$${value.toFixed(value && value < 0.01 ? 6 : 2)}`;

function drawCost({ spent }) {
  fill("cost", html("p", {}, html("strong", {}, dollars(spent.usd)), ` ${spent.note}`),
    folding("cost", html("summary", {}, "What it is made of"), html("div", {}, table("At list prices", ["what", "quantity", "unit", "US dollars"],
      spent.lines.map((line) => [line.what, line.quantity, line.unit, dollars(line.usd)])))));
}

function draw(snapshot) {
  at("environment").textContent = snapshot.environment;
  at("taken").textContent = `${clock(snapshot.taken_at)} UTC · ${shown(snapshot.calls)} AWS calls in ${snapshot.seconds} s`;
  at("verdict").textContent = snapshot.audit.balanced ? "audit: balanced" : `audit: ${shown(snapshot.audit.finding_count)} findings`;
  at("verdict").className = snapshot.audit.balanced ? "good" : "bad";
  drawFacts(snapshot);
  drawPipeline(snapshot);
  drawGraph("throughput", snapshot.points, (point) => point.records, "records", true);
  drawGraph("latency", snapshot.points, (point) => point.latency_seconds, "seconds", false);
  drawQuarantine(snapshot);
  drawAudit(snapshot);
  drawCost(snapshot);
}

function drawAnswer(answer) {
  if (answer.error) return fill("answer", html("p", { class: "bad", role: "alert" }, answer.error));
  const count = `${shown(answer.rows.length)} ${answer.rows.length === 1 ? "row" : "rows"}${answer.is_cut ? ", and there are more" : ""}`;
  fill("answer", table(count, answer.columns, answer.rows));
}

function setTheme(isDark) {
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
  at("theme").setAttribute("aria-pressed", String(isDark));
}

const darkness = matchMedia("(prefers-color-scheme: dark)");
setTheme(darkness.matches);
darkness.addEventListener("change", (event) => setTheme(event.matches));
at("theme").addEventListener("click", () => setTheme(document.documentElement.dataset.theme !== "dark"));

function serveFile() {
  draw(content.snapshot);
  at("headline").textContent = content.headline ?? "";
  at("sql").value = content.answer?.sql ?? "";
  at("sql").readOnly = true;
  at("run").disabled = true;
  at("why").textContent = "This is a file: `make console` serves a page that asks the warehouse.";
  if (content.answer) drawAnswer(content.answer);
}

function serveLive() {
  let isBusy = false;
  const refresh = async () => {
    if (isBusy) return;
    isBusy = at("refresh").disabled = true;
    try {
      draw(await asked("/snapshot"));
      at("problem").hidden = true;
    } catch (error) {
      at("problem").textContent = error.message;
      at("problem").hidden = false;
    }
    isBusy = at("refresh").disabled = false;
  };
  at("refresh").hidden = false;
  at("refresh").addEventListener("click", refresh);
  // A page that nobody sees asks for nothing; and nothing is drawn anew under somebody's hands.
  const isInUse = () => at("main").contains(document.activeElement) && document.activeElement !== at("main");
  if (content.refresh_seconds) setInterval(() => document.hidden || isInUse() || refresh(), content.refresh_seconds * 1000);
  at("ask").addEventListener("submit", async (event) => {
    event.preventDefault();
    at("run").disabled = true;
    try {
      drawAnswer(await asked("/query", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ sql: at("sql").value }) }));
    } catch (error) {
      drawAnswer({ error: error.message });
    }
    at("run").disabled = false;
  });
  at("sql").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) at("ask").requestSubmit();
  });
  refresh();
}

if (content.live) serveLive(); else serveFile();

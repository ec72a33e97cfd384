"use strict";
const STRINGS = {
  en: { title: "Doubted labels", check: "Labels to check", task: "Which label is right? Accept the suggested label, keep the one in the data, or choose another.",
    totals: "Doubted labels in this file: {0} of {1}; python -m assay review asks about all",
    all: "Questions: {0}; about doubted labels: {1}", as: "{0}, as in the data", whole: "Doubted labels: {0}", person: "Your name", save: "Save the answers", filter: "Show",
    every: "all", one: "One at a time", grid: "Grid", question: "Question", actions: "Answers",
    given: "In the data", suggested: "Suggested", both: "In the data and suggested", none: "no label",
    speaks: "examples labelled {0} speak for it:", nothing: "no example speaks for it", large: "too large for this file", silent: "nothing is heard: all samples are zero",
    accept: "Accept {0}", keep: "Keep {0}", confirm: "Confirm {0}", other: "Another class…", skip: "Skip",
    "not sure": "Not sure", "not usable": "Not usable", undo: "Undo", back: "Back",
    answered: "Your answer: {0}", again: "Your answer: {0}. Answer again: other people say something else.",
    elsewhere: "Your answer: {0}. It is in {1}: change it there.",
    said: "{0} – {1}", batch: "in the batch", people: "What people said:", others: "What others answered:", progress: "{0} of {1} answered",
    left: "about {0} left ({1} s an answer)", seconds: "{0} s", minutes: "{0} min", hours: "{0} h",
    recorded: "recorded: {0}", pick: "Class", matches: "{0} of {1} classes",
    some: "The first {0} of {1} classes; type more of the name to find the others", close: "Close",
    done: "All is answered", shown: "All that is shown is answered", lone: "One other question waits.",
    wait: "{0} other questions wait.", rest: "Show all", empty: "No label is doubted", repro: "dvc repro uses the answers.",
    put: "Press “Save the answers” above, and put the file into data/annotations. Then dvc repro uses the answers.",
    saved: "{0} is in the downloads of this browser. Put it into data/annotations; then dvc repro uses it.",
    unsaved: "{0} not saved yet: the review does not answer. Start python -m assay review again, and open its address.",
    refused: "{0} not saved: {1}", otherwise: "answered otherwise meanwhile: reload the page",
    memory: "This browser does not keep answers: save them before you close the page.",
    waiting: "…", train: "training split", validation: "validation split", test: "test split", first: "Type your name first." },
  zh: { title: "存疑的标签", check: "待检查的标签", task: "哪个标签是正确的？请采纳建议的标签，保留数据中的标签，或选择其他类别。",
    totals: "本文件含 {1} 个存疑标签中的 {0} 个；全部请用 python -m assay review",
    all: "{0} 个问题，其中 {1} 个针对存疑标签", as: "{0}（与数据一致）", whole: "{0} 个存疑标签", person: "你的名字", save: "保存答案", filter: "显示", every: "全部",
    one: "逐个显示", grid: "网格", question: "问题", actions: "回答", given: "数据中的标签", suggested: "建议的标签",
    both: "数据中的和建议的标签", none: "无标签", speaks: "标为 {0} 的样本支持它：", nothing: "没有支持它的样本",
    large: "太大，未放入本文件", silent: "没有声音：所有采样都是零", accept: "采纳 {0}", keep: "保留 {0}", confirm: "确认 {0}", other: "其他类别…",
    skip: "跳过", "not sure": "不确定", "not usable": "不可用", undo: "撤销", back: "上一个",
    answered: "你的回答：{0}", again: "你的回答：{0}。请重新回答：其他人的回答不同。",
    elsewhere: "你的回答：{0}。它在 {1} 中：请在那里修改。", said: "{0} – {1}", batch: "批次中", people: "各人的标注：", others: "其他人的回答：", progress: "已回答 {0} / {1}",
    left: "大约还需 {0}（每个 {1} 秒）", seconds: "{0} 秒", minutes: "{0} 分钟", hours: "{0} 小时",
    recorded: "已记录：{0}", pick: "类别", matches: "{1} 个类别中的 {0} 个", some: "{1} 个类别中的前 {0} 个；多输入几个字可找到其余的", close: "关闭", done: "全部已回答",
    shown: "显示的问题均已回答", lone: "还有 1 个问题未显示，等待回答。", wait: "还有 {0} 个问题未显示，等待回答。",
    rest: "显示全部", empty: "没有存疑的标签",
    repro: "dvc repro 会使用这些答案。", put: "请按上方的“保存答案”，把文件放入 data/annotations，然后运行 dvc repro。",
    saved: "{0} 在浏览器的下载文件夹中。请把它放入 data/annotations，然后运行 dvc repro。",
    unsaved: "{0} 个回答尚未保存：服务没有响应。请重新运行 python -m assay review 并打开新地址。",
    refused: "{0} 个回答未保存：{1}", otherwise: "此问题已有不同的回答：请重新加载页面", memory: "此浏览器不保留答案：关闭页面前请先保存。", waiting: "…",
    train: "训练集", validation: "验证集", test: "测试集", first: "请先填写你的名字。" },
};
const REASONS = [ // what the pipeline says in English; another reason stays as it is
  [/^people disagree; /, "标注者意见不一；"],
  [/^the model and /, "模型和"],
  [/the other examples say (.*) \((\d\.\d+)\) rather than (.*) \((\d\.\d+)\)$/s, "其他样本支持 $1（$2），而非 $3（$4）"],
  [/^no label; it may be (.*) or (.*)$/s, "没有标签；可能是 $1 或 $2"],
  [/^kept; least sure of the remaining labels$/, "已保留；在其余标签中最不确定"],
  [/^no label$/, "没有标签"],
  [/^a check of the test labels, chosen by chance$/, "随机抽取的测试标签检查"],
  [/^people's answers tie$/, "各人的回答票数相同"],
];
const KEYS = { a: "accept", k: "keep", c: "other", s: "skip", n: "not sure", x: "not usable", z: "undo" };
const AHEAD = 12, TILES = 24, PAUSE = 120_000;
const LONG = 80, ON_BUTTON = 24, LISTED = 500; // characters of a name that are shown; classes in the list
const SILENT = 82; // characters of the data URI of a sound without samples
const $ = (id) => document.getElementById(id);
const values = JSON.parse($("values").textContent);
const token = new URLSearchParams(location.search).get("token");
const isServed = "annotator" in values;
const place = `assay-review-${document.documentElement.dataset.digest}`; // of the answers in this browser
const answers = new Map(Object.entries(values.answers ?? {})); // [label, note] by id
const contents = new Map(Object.entries(values.contents ?? {})); // what is shown, by row
const again = new Set(values.again ?? []); // ids whose answers tie
const elsewhere = new Map(Object.entries(values.elsewhere ?? {})); // places of answers that count before those here, by id
const past = [], times = [], pending = [];
let language = navigator.language.startsWith("zh") ? "zh" : "en";
let order = values.questions.map((_, index) => index); // of the questions that the filter shows
let at = 0, isGrid = false, isLooking = false, shownAt = 0, alarm = "", overtaken = 0, asking = false, sending = false, chosen = 0;

const t = (key, ...inserts) => STRINGS[language][key].replace(/\{(\d)\}/g, (_, n) => inserts[n]);
const TURNS = /[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/g; // the direction of writing
const seen = (text) => text.replace(TURNS, (mark) => `\\u${mark.charCodeAt(0).toString(16)}`);
const LEFTWARD = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u; // Arabic, Hebrew …
const isolated = (text) => (LEFTWARD.test(text) ? `\u2068${text}\u2069` : text); // as in <bdi>, which an <option> cannot hold
const short = (name, most = LONG) => isolated(seen(cut(name, most))) || t("none");
const named = (row) => seen(values.names[row]);
const proposed = ({ given, suggested }) => (given === suggested ? t("as", short(given)) : `${short(given)} → ${short(suggested)}`);
const current = () => values.questions[order[at]];
const isDone = ({ id }) => answers.has(id) && !again.has(id);
const isAnswered = (index) => isDone(values.questions[index]);
const isNote = (note) => note === "not sure" || note === "not usable"; // else a person's own words
const spoken = ([label, note = ""]) => (!label && isNote(note) ? t(note) : short(label || note));

function cut(name, most) { // in the middle, since long names often differ at the end
  const characters = [...name], last = Math.floor(most / 3);
  if (characters.length <= most) return name;
  return `${characters.slice(0, most - 1 - last).join("")}…${characters.slice(-last).join("")}`;
}

function withNames(reason) { // a sentence in which each class keeps its own direction of writing
  const names = values.classes.filter((name) => LEFTWARD.test(name)).sort((a, b) => b.length - a.length); // the longest first
  const pattern = names.map((name) => seen(name).replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")).join("|");
  return pattern ? seen(reason).replace(new RegExp(pattern, "g"), isolated) : seen(reason);
}

function el(tag, attributes = {}, ...children) { // children that are text stay text
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}
const bdi = (name, attributes = {}) => el("bdi", attributes, short(name));

function shown(row, isLarge) { // an example as a picture, a player or text
  const content = contents.get(String(row)), name = named(row);
  if (content === undefined) return el("p", { class: "waiting" }, t("waiting"));
  if (content === "") return el("p", { class: "caption" }, t("large"));
  if (values.medium === "image") return el("img", { src: content, alt: isLarge ? name : "" });
  if (values.medium === "audio" && content.length <= SILENT) return el("p", { class: "caption" }, t("silent"));
  if (values.medium === "audio") return el("audio", { src: content, controls: "", "aria-label": name });
  return el("pre", { dir: "auto", tabindex: "0", "aria-label": name, role: "region" }, content);
}

function side(key, label, rows, isJudged) { // a class, and the examples that speak for it
  const title = el("bdi", { class: label.length > 20 ? "label long" : "label" }, short(label));
  const figures = rows.map((row) => el("figure", {}, shown(row, false),
    el("figcaption", { class: "caption" }, el("bdi", { title: named(row) }, named(row)))));
  const about = label === "" ? "" : rows.length ? t("speaks", short(label)) : isJudged ? t("nothing") : "";
  return el("section", { class: key === "both" ? "side both" : "side" }, el("h2", {}, t(key), title),
    el("p", { class: "caption" }, about),
    el("div", { class: values.medium === "image" ? "evidence" : "evidence rows" }, ...figures));
}

function drawPeople(place, title, said) { // person, label and note
  const whose = (person) => (title === "people" && person === "given" ? t("batch") : short(person)); // "given": no person
  const parts = said.map(([person, ...answer]) => t("said", whose(person), spoken(answer)));
  $(place).hidden = !parts.length;
  $(place).textContent = `${t(title)} ${parts.join(", ")}`;
}

function drawOne() {
  const question = current(), [suggested, given] = question.evidence;
  const isSame = question.given === question.suggested;
  $("example").replaceChildren(shown(question.row, true));
  const mine = answers.get(question.id);
  $("answered").hidden = !mine;
  const which = again.has(question.id) ? "again" : elsewhere.has(question.id) ? "elsewhere" : "answered";
  const where = isolated(seen(elsewhere.get(question.id) ?? ""));
  if (mine) $("answered").textContent = t(which, spoken(mine), where);
  const inChinese = REASONS.reduce((text, [english, chinese]) => text.replace(english, chinese), question.reason);
  $("reason").textContent = withNames(language === "zh" ? inChinese : question.reason);
  $("reason").lang = language === "zh" && inChinese !== question.reason ? "zh" : "en";
  drawPeople("votes", "people", question.votes);
  drawPeople("others", "others", question.answers ?? []);
  const isJudged = suggested.length + given.length > 0; // else no evidence was looked for
  $("sides").replaceChildren(...(isSame ? [side("both", question.suggested, suggested, isJudged)] : [
    side("given", question.given, given, isJudged), side("suggested", question.suggested, suggested, isJudged)]));
  $("where").replaceChildren(el("bdi", {}, named(question.row)), ` · ${t(question.split)}`);
}

function drawGrid() {
  const start = at - (at % TILES);
  $("tiles").replaceChildren(...order.slice(start, start + TILES).map((index, n) => {
    const question = values.questions[index], mine = answers.get(question.id), isNow = start + n === at;
    const text = mine ? spoken(mine) : proposed(question);
    const button = el("button", { "aria-pressed": String(isNow) }, text);
    button.onclick = () => { at = start + n; draw(); };
    const mark = `${isNow ? "now " : ""}${isDone(question) ? "done" : ""}`;
    return el("li", { class: mark }, shown(question.row, true), button);
  }));
}

function drawActions() {
  const question = current(), isSame = question?.given === question?.suggested, isOver = !$("done").hidden;
  const buttons = Object.entries(KEYS).map(([key, action]) => {
    const isClass = action === "accept" || action === "keep";
    const name = isClass ? short(question?.[action === "keep" ? "given" : "suggested"] ?? "", ON_BUTTON) : "";
    const text = t(isSame && action === "accept" ? "confirm" : action, name);
    const button = el("button", { "aria-keyshortcuts": key, class: action === "accept" ? "main" : "" },
      text, el("kbd", {}, key.toUpperCase()));
    button.disabled = !can(action);
    button.hidden = isOver ? button.disabled : isSame && action === "keep";
    button.onclick = () => act(action);
    return button;
  });
  const had = [...$("actions").children].indexOf(document.activeElement);
  $("actions").replaceChildren(...buttons);
  $("actions").hidden = buttons.every((button) => button.hidden);
  if (had >= 0) (buttons[had].hidden ? buttons.at(-1) : buttons[had]).focus(); // who clicks or tabs stays where they were
}

function drawProgress(news = "") {
  const n = values.questions.filter(isDone).length;
  const total = values.questions.length, recent = times.slice(-30).sort((a, b) => a - b);
  const median = recent.length ? recent[recent.length >> 1] / 1000 : 0, rest = median * (total - n);
  const span = rest < 90 ? t("seconds", Math.round(rest)) : rest < 5400 ? t("minutes", Math.round(rest / 60))
    : t("hours", (rest / 3600).toFixed(1));
  $("bar").max = Math.max(total, 1);
  $("bar").value = n;
  const parts = [t("progress", n, total), median && n < total && t("left", span, median.toFixed(1)), news];
  $("progress").textContent = parts.filter(Boolean).join(" · ");
  $("alert").hidden = !alarm;
  $("alert").textContent = alarm;
}

function draw(news) {
  const isOver = !order.some((index) => !isAnswered(index)) && !(isLooking && order.length);
  $("done").hidden = !isOver;
  if (isOver) drawEnd();
  $("one").hidden = isGrid || isOver;
  $("grid").hidden = !isGrid || isOver;
  if (!isOver) (isGrid ? drawGrid : drawOne)();
  $("view").hidden = isOver;
  $("view").replaceChildren(t(isGrid ? "one" : "grid"), el("kbd", {}, "G"));
  drawActions();
  drawProgress(news);
  load();
}

function drawEnd() { // of all questions, or of those that the filter shows
  const waiting = values.questions.filter((question) => !isDone(question)).length, isEmpty = !values.questions.length;
  $("over").textContent = t(isEmpty ? "empty" : waiting ? "shown" : "done");
  $("next").textContent = waiting ? t(waiting === 1 ? "lone" : "wait", waiting) : isEmpty ? "" : t(isServed ? "repro" : "put");
  $("rest").hidden = !waiting;
  const needless = [$("task"), ...$("tools").children, $("bar"), $("progress")]; // where nothing is asked
  if (isEmpty) for (const node of needless) node.hidden = node.id !== "language";
}

async function load() { // contents of the next questions, before they are asked for
  if (!isServed || asking) return;
  const start = isGrid ? at - (at % TILES) : at, near = order.slice(start, start + (isGrid ? 2 * TILES : AHEAD));
  const rows = near.flatMap((index) => {
    const question = values.questions[index];
    return [question.row, ...(isGrid ? [] : question.evidence.flat())];
  });
  const missing = [...new Set(rows)].filter((row) => !contents.has(String(row))).slice(0, 200);
  if (!missing.length) return;
  asking = true;
  try {
    const reply = await fetch(`contents?rows=${missing}`, { headers: { token } });
    if (!reply.ok) throw new Error(await reply.text());
    for (const [row, content] of Object.entries(await reply.json())) contents.set(row, content);
    while (contents.size > 1000) contents.delete(contents.keys().next().value);
    if (document.querySelector(".waiting")) draw();
    asking = false;
    load();
  } catch { // the review has ended; what is answered meanwhile is kept, and said
    setTimeout(() => { asking = false; load(); }, 1000);
  }
}

async function send() { // one answer after the other; those that did not arrive are sent again
  if (sending || !pending.length) return;
  sending = true;
  let why = "";
  try {
    const body = JSON.stringify(pending[0]), headers = { token, "Content-Type": "application/json" };
    const reply = await fetch("answers", { method: "POST", headers, body, keepalive: body.length < 60_000 });
    if (reply.status === 409) overtaken += 1; // sent again, it could win later
    else if (!reply.ok) why = t("refused", pending.length, await reply.text());
  } catch {
    why = t("unsaved", pending.length);
  }
  sending = false;
  if (!why) pending.shift();
  const news = why || (overtaken ? t("refused", overtaken, t("otherwise")) : "");
  if (news !== alarm) {
    alarm = news;
    drawActions();
    drawProgress();
  }
  if (pending.length) setTimeout(send, why ? 1000 : 0);
}

function keep(question, answer) {
  const before = answers.get(question.id) ?? ["", ""]; // another tab may have changed it
  if (answer) answers.set(question.id, answer);
  else answers.delete(question.id);
  if (isServed) {
    const [label, note] = answer ?? ["", ""];
    pending.push({ id: question.id, label, note, before });
    send();
  } else remember(question.id);
}

function parsed(text) { // what this browser keeps: a name, and answers by id
  const { name = "", answers = [] } = JSON.parse(text ?? "{}");
  return { name, answers: new Map(answers) };
}

function remember(id) { // one answer, else the name; the others may be those of another tab
  try {
    const kept = parsed(localStorage.getItem(place));
    if (id === undefined) kept.name = $("name").value;
    else if (answers.has(id)) kept.answers.set(id, answers.get(id));
    else kept.answers.delete(id);
    localStorage.setItem(place, JSON.stringify({ name: kept.name, answers: [...kept.answers] }));
  } catch {
    alarm = t("memory");
  }
}

function takeOver({ key, oldValue, newValue }) { // what another tab has changed
  if (key !== place || newValue === null) return;
  const kept = parsed(localStorage.getItem(place));
  const ids = [...parsed(oldValue).answers.keys(), ...kept.answers.keys()];
  const answer = (of, id) => JSON.stringify(of.get(id));
  const changed = new Set(ids.filter((id) => answer(kept.answers, id) !== answer(answers, id)));
  for (const id of changed) {
    if (kept.answers.has(id)) answers.set(id, kept.answers.get(id));
    else answers.delete(id);
  }
  past.splice(0, past.length, ...past.filter(([, { id }]) => !changed.has(id))); // undo takes back one's own
  if (document.activeElement !== $("name")) $("name").value = kept.name;
  if (changed.has(current()?.id) && !isLooking) at = nextOpen();
  draw();
}

function record(answer) {
  const question = current(), now = performance.now();
  if (now - shownAt < PAUSE) times.push(now - shownAt);
  past.push([at, question, answers.get(question.id), again.delete(question.id)]);
  keep(question, answer);
  forward(t("recorded", spoken(answer)));
}

function nextOpen(step = 0) { // the next question without an answer; after the last one the first
  const places = order.map((_, n) => (at + step + n) % order.length);
  return places.find((place) => !isAnswered(order[place])) ?? at;
}

function forward(news) { // to the next question without an answer
  at = nextOpen(1);
  isLooking = false;
  turn(news);
}

function turn(news) {
  draw(news);
  shownAt = performance.now();
  if (values.medium === "audio" && !isGrid) $("example").querySelector("audio")?.play().catch(() => {});
}

function can(action) {
  if (action === "undo") return past.length > 0 && !alarmed();
  if (!order.length || ($("done").hidden === false && action !== "undo") || alarmed()) return false;
  if (elsewhere.has(current().id)) return action === "skip";
  return action !== "keep" || current().given !== "";
}
const alarmed = () => isServed && alarm !== "";

function act(action) {
  if (!can(action)) return;
  const question = current();
  if (action === "accept") record([question.suggested, ""]);
  else if (action === "keep") record([question.given, ""]);
  else if (action === "other") openPicker();
  else if (action === "skip") forward("");
  else if (action === "undo") undo();
  else record(["", action]);
}

function undo() {
  const [place, question, before, wasTied] = past.pop();
  if (wasTied) again.add(question.id);
  keep(question, before);
  at = order[place] !== undefined && values.questions[order[place]] === question ? place
    : Math.max(0, order.findIndex((index) => values.questions[index] === question));
  turn(t("undo"));
}

function look(step) { // at a neighbour, answered or not
  if (!order.length) return;
  at = Math.min(Math.max(at + step, 0), order.length - 1);
  isLooking = true;
  turn("");
}

function matching() {
  const asked = $("search").value.normalize("NFC").trim().toLowerCase(), names = values.classes;
  const found = names.filter((name) => name.toLowerCase().includes(asked));
  const rank = (name) => (name.toLowerCase() === asked ? 0 : name.toLowerCase().startsWith(asked) ? 1 : 2);
  return found.sort((a, b) => rank(a) - rank(b)); // stable: else in the order of the classes
}

function drawPicker() {
  const found = matching(), some = found.slice(0, LISTED);
  chosen = Math.min(Math.max(chosen, 0), some.length - 1);
  $("classes").replaceChildren(...some.map((name, n) => {
    const item = el("li", { role: "option", id: `class-${n}`, "aria-selected": String(n === chosen) }, bdi(name));
    item.onclick = () => pick(name);
    return item;
  }));
  $("search").setAttribute("aria-activedescendant", some.length ? `class-${chosen}` : "");
  $(`class-${chosen}`)?.scrollIntoView({ block: "nearest" });
  const isCut = some.length < found.length;
  $("matches").textContent = isCut ? t("some", some.length, found.length) : t("matches", found.length, values.classes.length);
}

function openPicker() {
  $("search").value = "";
  chosen = 0;
  $("picker").showModal();
  drawPicker();
}

function pick(name) {
  $("picker").close();
  record([name, ""]);
}

function safe(text) { // as in assay/catalogue/spreadsheets.py: no cell starts a formula
  const parts = [...text.split(/([;,\t\r\n])/), ""]; // each cell, and what ends it
  let hasSign = false; // the cell behind
  for (let place = parts.length - 2; place >= 0; place -= 2) {
    const [cell, end] = parts.slice(place, place + 2), shown = cell.replace(/^['\s]+/, "");
    hasSign = shown ? /^[=+\-@＝＋－＠]/.test(shown) : end !== ";" && end !== "," && hasSign;
    if (hasSign || ((end === "\t" || end === "\r") && /^'*$/.test(cell))) parts[place] = `'${cell}`;
  }
  return parts.join("");
}

function csv() { // as spreadsheets.py writes it
  const name = fileName(), rows = [...answers].map(([id, [label, note]]) => [id, name, label, note]);
  const cell = (text) => `"${safe(text).replaceAll('"', '""')}"`;
  return ["id,annotator,label,note", ...rows.map((row) => row.map(cell).join(","))].join("\n") + "\n";
}
const fileName = () => $("name").value.normalize("NFC").replace(/[^\p{L}\p{N}_.]+/gu, "-").replace(/^[-.]+|[-.]+$/g, "");

function save() {
  if (!fileName()) {
    drawProgress(t("first"));
    $("name").focus();
    return;
  }
  const link = el("a", { download: `${fileName()}.csv`, href: URL.createObjectURL(new Blob([csv()])) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  drawProgress(t("saved", isolated(link.download)));
}

function filters() { // all, and each pair of a label in the data and a suggested one
  const counts = new Map();
  for (const question of values.questions) {
    const pair = proposed(question);
    counts.set(pair, (counts.get(pair) ?? 0) + 1);
  }
  const pairs = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 100);
  const before = $("filter").selectedIndex; // the order of the pairs is that of any language
  const options = pairs.map(([pair, n]) => el("option", { value: pair }, `${pair} (${n})`));
  $("filter").replaceChildren(el("option", { value: "" }, t("every")), ...options);
  $("filter").selectedIndex = Math.max(before, 0);
}

function choose() {
  const wanted = $("filter").value, fits = (question) => !wanted || proposed(question) === wanted;
  order = values.questions.map((_, index) => index).filter((index) => fits(values.questions[index]));
  at = Math.max(0, order.findIndex((index) => !isAnswered(index)));
  turn("");
}

function translate() {
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  $("title").textContent = t(isServed ? "check" : "title"); // the queue asks about other labels too
  document.title = `Assay: ${$("title").textContent}`;
  for (const node of document.querySelectorAll("[data-t-label]")) node.setAttribute("aria-label", t(node.dataset.tLabel));
  $("language").textContent = language === "zh" ? "English" : "中文";
  $("language").lang = language === "zh" ? "en" : "zh";
  const n = values.questions.length;
  $("totals").textContent = t(isServed ? "all" : n === values.doubted ? "whole" : "totals", n, values.doubted);
  filters();
}

document.addEventListener("keydown", (event) => {
  // where the picker has just closed, its field still gets the next key
  const isTyping = $("picker").open || (event.target.matches("input, select") && event.target.id !== "search");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  const key = event.key.toLowerCase(), action = KEYS[key];
  const others = { arrowleft: () => look(-1), arrowright: () => look(1), g: toggle, p: play, backspace: () => act("undo") };
  const run = action ? () => act(action) : others[key];
  if (!run || (event.target.matches("audio, pre") && key.startsWith("arrow"))) return;
  event.preventDefault();
  if (!event.repeat || !action) run(); // a key that is held down is one answer
});
const toggle = () => { isGrid = !isGrid; turn(""); };
const play = () => document.querySelector("#example audio, #tiles .now audio")?.play();

$("search").addEventListener("input", () => { chosen = 0; drawPicker(); });
$("search").addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key], name = matching()[chosen];
  if (step) chosen += step;
  else if (event.key === "Enter" && name !== undefined && !event.isComposing) pick(name);
  else return;
  event.preventDefault();
  if (step) drawPicker();
});
$("close").onclick = () => $("picker").close();
$("view").onclick = toggle;
$("filter").onchange = choose;
$("rest").onclick = () => { $("filter").value = ""; choose(); };
$("language").onclick = () => { language = language === "zh" ? "en" : "zh"; translate(); draw(); };
$("save").onclick = save;
$("name").oninput = () => { remember(); drawProgress(); };
addEventListener("beforeunload", (event) => { if (pending.length) event.preventDefault(); });

if (!isServed) {
  try {
    const kept = parsed(localStorage.getItem(place));
    $("name").value = kept.name;
    for (const [id, answer] of kept.answers) answers.set(id, answer);
  } catch {
    alarm = t("memory");
  }
  $("save").hidden = $("person").hidden = false;
  addEventListener("storage", takeOver);
}
translate();
choose();

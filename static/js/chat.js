// The chat: asking, and following answers as they are written.
"use strict";

const KINDS = ["routed", "thinking", "planned", "tool_called", "tool_returned", "surveyed", "escalated", "text", "cited", "checked",
  "limited", "asked", "revised", "kept", "attached", "finished", "failed", "cancelled"];
const LAST = ["finished", "failed", "cancelled"];
const form = document.getElementById("ask");
const question = document.getElementById("question");
const column = document.querySelector(".column");
const announcer = document.getElementById("announcer");
const streams = new Map();

// Following: the view stays at the end only for those who were at the end.

function atEnd() {
  return column.scrollHeight - column.scrollTop - column.clientHeight < 60;
}

function keepingPlace(change) {
  const follow = atEnd();
  change();
  if (follow) column.scrollTop = column.scrollHeight;
}

// Make `element` hold `html`, leaving alone what is equal already, so that nothing flickers and selections stay.
function patch(element, html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const wanted = [...template.content.childNodes];
  wanted.forEach((node, index) => {
    const present = element.childNodes[index];
    if (!present) return element.append(node);
    if (present.nodeName === "DETAILS" && present.dataset.touched !== undefined) {
      node.open = present.open;
      node.dataset.touched = "";
    }
    if (!present.isEqualNode(node)) present.replaceWith(node);
  });
  while (element.childNodes.length > wanted.length) element.lastChild.remove();
}

// Announcing: whole sentences, each once.

function announcerOf(run) {
  let text = "", said = 0;
  return {
    reset() { text = ""; said = 0; },
    add(piece) {
      text += piece;
      const rest = text.slice(said);
      const end = Math.max(...["。", "！", "？", ". ", "! ", "? ", ".\n", "\n"].map((stop) => rest.lastIndexOf(stop) + (rest.includes(stop) ? 1 : 0)));
      if (end > 0) this.say(rest.slice(0, end)), said += end;
    },
    finish() { this.say(text.slice(said)); said = text.length; },
    say(words) {
      const plain = words.replace(/\[\d+\]|[*_`#|]/g, "").trim();
      if (plain) announcer.textContent = plain;
    },
  };
}

// Streams

function follow(turn) {
  const run = turn.dataset.run;
  if (!turn.dataset.stream || streams.has(run)) return;
  const voice = announcerOf(run);
  const stream = { turn, tries: 0, source: null, last: "" };
  streams.set(run, stream);
  const open = () => {
    stream.source = new EventSource(turn.dataset.stream + (stream.last ? `?after=${stream.last}` : ""));
    for (const kind of KINDS) stream.source.addEventListener(kind, take);
    stream.source.onerror = () => {
      if (stream.source.readyState !== EventSource.CLOSED || !streams.has(run)) return;
      stream.tries += 1;
      setTimeout(open, Math.min(500 * 2 ** stream.tries, 15000));
    };
  };
  const take = (event) => {
    stream.tries = 0;
    stream.last = event.lastEventId;
    const data = JSON.parse(event.data);
    if (event.type === "text") voice.add(data.text);
    if (["tool_called", "escalated", "kept"].includes(event.type)) voice.reset();
    const last = LAST.includes(event.type);
    // What comes after the text stays below it: a short answer is not pushed out of the view by its sources.
    if (data.parts) last ? show(turn, data.parts) : keepingPlace(() => show(turn, data.parts));
    if (last) {
      voice.finish();
      finish(run, event.type);
    }
  };
  open();
  buttons();
}

function show(turn, parts) {
  const part = (name) => turn.querySelector(`:scope > [data-part="${name}"]`);
  if (parts.how !== undefined) patch(part("how"), parts.how);
  if (parts.steps !== undefined) patch(part("steps"), parts.steps);
  if (parts.quick !== undefined) {
    patch(part("quick"), parts.quick);
    htmx.process(part("quick"));
  }
  if (parts.thought !== undefined) {
    const thought = turn.querySelector("[data-thought]");
    if (thought) thought.textContent = parts.thought;
  }
  const answer = part("answer");
  if (parts.answer !== undefined) {
    const blocks = [...answer.querySelectorAll(":scope > [data-stable] > *, :scope > [data-tail] > *")];
    if (blocks.length) answer.replaceChildren(...blocks.flatMap((block) => [block, document.createTextNode("\n")]));
    patch(answer, parts.answer);
  } else if (parts.clear || parts.tail !== undefined) {
    let stable = answer.querySelector(":scope > [data-stable]");
    if (!stable) {
      answer.innerHTML = "<div data-stable></div><div data-tail></div>";
      stable = answer.firstChild;
    } else if (parts.clear) stable.replaceChildren();
    if (parts.stable) stable.insertAdjacentHTML("beforeend", parts.stable);
    if (parts.tail !== undefined) patch(answer.lastChild, parts.tail);
  }
  if (parts.after !== undefined) {
    part("after").innerHTML = parts.after;
    htmx.process(part("after"));
  }
}

function finish(run, kind) {
  const { turn, source } = streams.get(run);
  source.close();
  streams.delete(run);
  turn.removeAttribute("data-stream");
  turn.removeAttribute("aria-busy");
  announcer.textContent += ` ${kind === "finished" ? announcer.dataset.done : kind === "cancelled" ? announcer.dataset.stopped : ""}`;
  buttons();
}

// A turn that another branch has replaced is followed no longer.
function forgetReplaced() {
  for (const [run, { turn, source }] of streams) {
    if (turn.isConnected) continue;
    source.close();
    streams.delete(run);
  }
  buttons();
}

function buttons() {
  const running = streams.size > 0;
  form.querySelector(".send:not(.stop)").hidden = running;
  form.querySelector("[data-stop]").hidden = !running;
}

function stop() {
  for (const { turn } of streams.values()) htmx.ajax("POST", turn.dataset.cancel, { swap: "none" });
}

// Asking

function grow() {
  if (CSS.supports("field-sizing", "content")) return;
  question.rows = Math.min(8, Math.max(1, question.value.split("\n").length));
}

question.addEventListener("input", grow);
question.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  if (question.value.trim() && !streams.size) form.requestSubmit(form.querySelector(".send:not(.stop)"));
});
form.querySelector("[data-stop]").addEventListener("click", stop);
form.addEventListener("change", () => {
  const scope = form.querySelector("[data-scope]");
  if (!scope) return;
  const ticked = form.querySelectorAll("[name=collections]:checked").length;
  const short = form.querySelector("[data-scope-short]");
  const every = form.elements.exhaustive?.checked;
  scope.textContent = every ? scope.dataset.every : ticked ? `${ticked} ${scope.dataset.some}` : scope.dataset.all;
  short.textContent = every ? short.dataset.every : ticked || short.dataset.all;
});
document.addEventListener("click", (event) => {
  const sample = event.target.closest("[data-sample]");
  if (!sample) return;
  event.preventDefault();
  question.value = sample.value;
  form.requestSubmit(form.querySelector(".send:not(.stop)"));
});
form.addEventListener("htmx:beforeRequest", (event) => {
  if (!question.value.trim() || streams.size) event.preventDefault();
  else announcer.textContent = announcer.dataset.searching;
});
form.addEventListener("htmx:afterRequest", (event) => {
  if (event.target !== form || !event.detail.successful) return;
  question.value = "";
  if (form.elements.exhaustive?.checked) {
    form.elements.exhaustive.checked = false;
    form.dispatchEvent(new Event("change"));
  }
  grow();
  // Where a keyboard on the screen would cover the answer, it goes.
  if (matchMedia("(pointer: coarse)").matches) question.blur();
  else question.focus();
  form.querySelector(".scope")?.removeAttribute("open");
  const title = document.getElementById("title").textContent;
  if (title) document.title = title;
  document.querySelector("[data-new]").removeAttribute("aria-current");
});
// Attaching: by the button, by dropping files anywhere, and by pasting them.

const attachForm = document.getElementById("attach");
const attachField = attachForm.querySelector("[type=file]");

async function attach(files) {
  if (!files.length) return;
  const data = new FormData(attachForm);
  data.delete("files");
  data.set("conversation", document.getElementById("conversation-id").value);
  for (const file of files) data.append("files", file);
  const sending = document.createElement("p");
  sending.className = "quiet attached-note";
  sending.setAttribute("role", "status");
  sending.textContent = `${attachForm.dataset.sending} …`;
  document.getElementById("attachments").after(sending);
  const answer = await fetch(attachForm.action, { method: "POST", body: data, headers: { "HX-Request": "true" } }).catch(() => null);
  sending.remove();
  if (!answer) return say(texts.lost);
  if (answer.redirected) return say(texts.signedOut);
  if (!answer.ok) return say(texts.wrong);
  const list = document.getElementById("attachments");
  list.outerHTML = await answer.text();
  const now = document.getElementById("attachments");
  document.getElementById("conversation-id").value = now.dataset.conversation;
  htmx.process(now);
  question.focus();
}

form.querySelector("[data-attach]").addEventListener("click", () => attachField.click());
attachField.addEventListener("change", () => {
  attach([...attachField.files]);
  attachField.value = "";
});
question.addEventListener("paste", (event) => {
  const files = [...event.clipboardData.files];
  if (!files.length) return;
  event.preventDefault();
  attach(files);
});
let draggedOver = 0;
const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
document.addEventListener("dragenter", (event) => {
  if (holdsFiles(event)) document.body.classList.toggle("dropping", (draggedOver += 1) > 0);
});
document.addEventListener("dragleave", (event) => {
  if (holdsFiles(event)) document.body.classList.toggle("dropping", (draggedOver -= 1) > 0);
});
document.addEventListener("dragover", (event) => {
  if (holdsFiles(event)) event.preventDefault();
});
document.addEventListener("drop", (event) => {
  if (!holdsFiles(event)) return;
  event.preventDefault();
  draggedOver = 0;
  document.body.classList.remove("dropping");
  attach([...event.dataTransfer.files]);
});
htmx.onLoad((content) => {
  for (const turn of [content, ...content.querySelectorAll(".turn")]) {
    if (turn.matches(".turn[data-stream]")) follow(turn);
  }
});
document.body.addEventListener("htmx:afterSwap", forgetReplaced);
document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id !== "turns" || event.detail.requestConfig.path.endsWith("/show/")) return;
  column.scrollTop = column.scrollHeight;
});

// Editing a question

document.addEventListener("toggle", (event) => {
  if (!event.target.matches(".edit[open]")) return;
  const field = event.target.querySelector("textarea");
  field.focus();
  field.setSelectionRange(field.value.length, field.value.length);
}, true);
document.addEventListener("keydown", (event) => {
  if (!event.target.matches("[data-edit]") || event.isComposing || event.keyCode === 229) return;
  if (event.key === "Escape") closeEdit(event.target);
  else if (event.key === "Enter" && !event.shiftKey) event.target.form.requestSubmit();
  else return;
  event.preventDefault();
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-close-edit]")) closeEdit(event.target);
});

function closeEdit(inside) {
  const edit = inside.closest(".edit");
  edit.open = false;
  edit.querySelector("form").reset();
  edit.querySelector("summary").focus();
}
document.addEventListener("click", (event) => {
  const summary = event.target.closest(".steps > summary");
  if (summary) summary.parentElement.dataset.touched = "";
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy-answer]");
  if (button) copy(button.closest(".turn").querySelector('[data-part="answer"]').innerText, button);
});
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-print]")) return;
  event.target.closest("details").open = false;
  window.print();
});
window.addEventListener("popstate", () => location.reload());
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
window.addEventListener("pagehide", () => streams.forEach(({ source }) => source.close()));

// Sharing

document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id === "share" && !event.target.open) event.target.showModal();
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-close-dialog]")) event.target.closest("dialog").close();
});

// What is open closes first: an edited question, a dialog, a source.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || event.isComposing) return;
  if (document.getElementById("panel").hidden && !document.querySelector("dialog[open]")) stop();
});

if (!document.getElementById("start")) column.scrollTop = column.scrollHeight;

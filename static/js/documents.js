// Documents: dropping and sending files, ticking rows.
"use strict";

const upload = document.querySelector("[data-upload]");

function send(file, line) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    const bar = line.querySelector("progress");
    const state = line.querySelector("span:last-of-type");
    const data = new FormData();
    data.append("files", file);
    request.open("POST", upload.action);
    request.setRequestHeader("HX-Request", "true");
    request.setRequestHeader("X-CSRFToken", upload.querySelector("[name=csrfmiddlewaretoken]").value);
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) bar.value = event.loaded / event.total;
    };
    request.onloadend = () => {
      bar.remove();
      if (request.status === 204) state.textContent = upload.dataset.kept;
      else {
        const plain = (request.getResponseHeader("Content-Type") || "").startsWith("text/plain");
        state.className = "error";
        state.textContent = request.status === 0 ? texts.lost : plain ? request.responseText : texts.wrong;
      }
      resolve(request.status === 204);
    };
    request.send(data);
  });
}

// Folders may hold thousands of files: two are sent at a time, and only those under way or refused are listed.
async function sendAll(files) {
  const list = upload.querySelector(".sending");
  const waiting = [...files];
  const total = document.createElement("li");
  let kept = 0;
  list.replaceChildren(total);
  const worker = async () => {
    for (let file = waiting.shift(); file; file = waiting.shift()) {
      const line = document.createElement("li");
      const name = document.createElement("span");
      const state = document.createElement("span");
      const bar = document.createElement("progress");
      name.textContent = file.name;
      state.textContent = upload.dataset.sending;
      bar.max = 1;
      bar.value = 0;
      bar.setAttribute("aria-label", file.name);
      line.append(name, state, bar);
      list.append(line);
      if (await send(file, line)) {
        kept += 1;
        line.remove();
      }
      total.textContent = `${kept}/${files.length} ${upload.dataset.many}`;
    }
  };
  await Promise.all([worker(), worker()]);
  htmx.ajax("GET", location.href, { target: "#documents", swap: "outerHTML" });
}

async function filesOf(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const batch = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!batch.length) return found;
    for (const inner of batch) found.push(...await filesOf(inner));
  }
}

if (upload) {
  const chosen = upload.querySelector("input[type=file]");
  upload.addEventListener("submit", (event) => {
    event.preventDefault();
    sendAll([...chosen.files]);
    chosen.value = "";
  });
  let depth = 0;
  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragenter", (event) => {
    if (!holdsFiles(event)) return;
    depth += 1;
    document.body.classList.add("dropping");
  });
  document.addEventListener("dragleave", (event) => {
    if (!holdsFiles(event)) return;
    depth -= 1;
    if (depth <= 0) document.body.classList.remove("dropping");
  });
  document.addEventListener("dragover", (event) => {
    if (holdsFiles(event)) event.preventDefault();
  });
  document.addEventListener("drop", async (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    depth = 0;
    document.body.classList.remove("dropping");
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    const plain = [...event.dataTransfer.files];
    const files = entries.length ? (await Promise.all(entries.map(filesOf))).flat() : plain;
    if (files.length) sendAll(files);
  });
}

function countTicked() {
  const said = document.querySelector("[data-ticked]");
  if (!said) return;
  const ticked = document.querySelectorAll("#documents [name=document]:checked").length;
  said.textContent = ticked ? `${ticked} ${said.dataset.one}` : "";
  for (const button of said.parentElement.querySelectorAll("button")) button.disabled = !ticked;
}

countTicked();
document.addEventListener("htmx:afterSettle", countTicked);

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-tick-all]")) {
    for (const box of document.querySelectorAll("#documents [name=document]")) box.checked = event.target.checked;
  }
  if (event.target.closest("#documents")) countTicked();
});
// A row that is renewed keeps its tick.
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const old = event.detail.target.querySelector?.("[name=document]");
  const renewed = event.detail.fragment.querySelector?.("[name=document]");
  if (old?.checked && renewed) renewed.setAttribute("checked", "");
});

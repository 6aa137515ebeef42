"use strict";
// Keeps the page as the server would render it now, and sends its forms without loading it anew.

// There may be thousands of commands a second: the page is read again at most so often.
const PAUSE_MS = 250;
// How long a door shows that a command was refused.
const REFUSED_MS = 2000;

let reading = false, again = false, last = 0;

// Makes `old` like `fresh`, and keeps what stays as it is: focus, open parts, what somebody is typing.
function update(old, fresh) {
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName || old.id !== fresh.id) {
    old.replaceWith(fresh);
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  if (old.dataset.held || old.id === "link" || old.id === "time" && old.dataset.offset === fresh.dataset.offset) return;
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  }
  const [have, want] = [[...old.childNodes], [...fresh.childNodes]];
  want.forEach((node, place) => place < have.length ? update(have[place], node) : old.append(node));
  have.slice(want.length).forEach(node => node.remove());
}

// What a form has answered stays until the next form.
function show(html, ofForm) {
  const fresh = new DOMParser().parseFromString(html, "text/html").body;
  if (!ofForm) {
    const said = document.getElementById("said").cloneNode(true), problem = document.querySelector(".problem");
    fresh.querySelector("#said").replaceWith(said);
    if (problem) said.after(problem.cloneNode(true));
  }
  update(document.body, fresh);
  tick();
}

async function read() {
  if (reading) { again = true; return; }
  reading = true;
  do {
    again = false;
    await new Promise(done => setTimeout(done, Math.max(0, last + PAUSE_MS - Date.now())));
    last = Date.now();
    try {
      const page = await fetch("/");
      if (page.ok) show(await page.text(), false);
    } catch { /* The event stream says that the connection is lost. */ }
  } while (again);
  reading = false;
}

function refuse(command) {
  const door = document.getElementById("lock-" + command.lock_id);
  if (!door || door.classList.contains("open") || door.dataset.held) return;
  door.dataset.held = "true";
  door.classList.add("refused");
  door.querySelector(".note").textContent = command.verdict.replaceAll("_", " ");
  setTimeout(() => {
    delete door.dataset.held;
    read();
  }, REFUSED_MS);
}

function tick() {
  const time = document.getElementById("time");
  time.textContent = new Date(Date.now() + time.dataset.offset * 1000).toISOString().slice(11, 19);
}

function link(text, className) {
  const element = document.getElementById("link");
  element.textContent = text;
  element.className = className;
}

document.addEventListener("submit", async event => {
  const form = event.target, button = event.submitter;
  event.preventDefault();
  const action = button?.getAttribute("formaction") ?? form.getAttribute("action");
  try {
    const answer = await fetch(action, { method: "POST", body: new URLSearchParams(new FormData(form, button)) });
    show(await answer.text(), true);
  } catch {
    link("connection lost", "lost");
  }
});

const events = new EventSource("/control/events");
events.addEventListener("command", event => {
  const command = JSON.parse(event.data);
  if (command.verdict !== "opened") refuse(command);
  read();
});
events.addEventListener("opening", event => {
  read();
  setTimeout(read, JSON.parse(event.data).open_seconds * 1000 + 50);
});
for (const name of ["mail", "change", "missed"]) events.addEventListener(name, read);
events.onopen = () => { link("live", ""); read(); };
events.onerror = () => link("connection lost", "lost");
setInterval(tick, 1000);

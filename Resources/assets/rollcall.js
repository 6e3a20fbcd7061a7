// Rollcall in the browser. Every page works without this file; it only adds comfort.
// It runs in <head>, so that a chosen theme is there before the first paint.
"use strict";
(() => {
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const stored = (store, key) => { try { return store().getItem(key); } catch { return null; } };
  const keep = (store, key, value) => {
    try { value === null ? store().removeItem(key) : store().setItem(key, value); } catch { /* private mode */ }
  };
  const local = () => window.localStorage;
  const session = () => window.sessionStorage;
  const token = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";
  const number = (value) => Number(value).toLocaleString(root.lang || undefined, { maximumFractionDigits: 0 });

  const theme = stored(local, "theme");
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value !== null && value !== undefined) element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  }

  // A server may only send us to a page of its own.
  const ownPath = (href) => (typeof href === "string" && /^\/(?![/\\])/.test(href) ? href : null);

  function toast(text) {
    let place = document.querySelector(".toasts");
    if (!place) {
      place = make("div", { class: "toasts", role: "status" });
      document.body.append(place);
    }
    const note = make("div", { class: "toast" }, text);
    place.append(note);
    setTimeout(() => note.remove(), 6000);
  }

  // ---- Imports: progress of what the server reads ----

  const ended = new Set(["done", "refused", "cancelled", "question"]);
  const tones = { done: "good", refused: "bad", cancelled: "neutral", question: "warn" };
  // A browser opens six connections to one host; followed imports must not use them up for pages and uploads.
  const mostFollowed = 2;
  const followed = new Set();
  const toFollow = [];

  const duration = (seconds) => {
    if (!(seconds >= 0)) return "";
    return seconds < 90 ? `${Math.ceil(seconds)} s left` : `${Math.ceil(seconds / 60)} min left`;
  };

  function part(row, name, tag, attributes) {
    let found = row.querySelector(`[data-import-${name}]`);
    if (!found) {
      found = make(tag, { ...attributes, [`data-import-${name}`]: "" });
      (name === "state" ? row.querySelector(".import-head") ?? row : row).append(found);
    }
    return found;
  }

  function showState(row, state, text) {
    const badge = part(row, "state", "span", {});
    badge.className = `badge ${tones[state] ?? "info"}`;
    badge.textContent = state;
    if (text !== undefined) {
      const line = part(row, "text", "p", { class: "import-text" });
      if (line.textContent !== text) line.textContent = text;
    }
    row.classList.toggle("failed", state === "refused" || state === "not sent");
  }

  function showBar(row, done, total) {
    const bar = part(row, "bar", "progress", { class: "progress", max: "100", "aria-label": "Progress" });
    if (total > 0) {
      bar.max = total;
      bar.value = Math.min(done, total);
    } else {
      bar.removeAttribute("value");
    }
  }

  function linkName(row, href) {
    const path = ownPath(href);
    const name = row.querySelector(".import-name");
    if (!path || !name) return;
    if (name.tagName === "A") name.href = path;
    else name.replaceWith(make("a", { class: "import-name", href: path }, name.textContent));
  }

  function addCancel(row, id) {
    if (row.querySelector("[data-import-cancel]")) return;
    const form = make("form", {
      method: "post", action: `/files/imports/${encodeURIComponent(id)}/cancel`, "data-import-cancel": "",
    }, make("input", { type: "hidden", name: "csrf", value: token() }),
      make("button", { class: "button button-small button-quiet" }, "Cancel"));
    // The list is inside the upload's form, and a browser lets no form's submit pass through another form.
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      event.stopPropagation();
      cancel(form);
    });
    row.append(form);
  }

  async function cancel(form) {
    const button = form.querySelector("button");
    if (button) button.disabled = true;
    try {
      const answer = await fetch(form.getAttribute("action"), {
        method: "POST", body: new URLSearchParams(new FormData(form)), headers: { "X-CSRF-Token": token() },
      });
      if (!answer.ok) throw new Error();
    } catch {
      if (button) button.disabled = false;
      toast("The import could not be cancelled. Try again.");
    }
  }

  // The page's list of files was true before the import; what is being typed into its search stays.
  async function refreshFiles() {
    const list = document.querySelector("[data-files]");
    if (!list || list.contains(document.activeElement)) return;
    try {
      const answer = await fetch(location.href);
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-files]");
      if (fresh) list.replaceWith(fresh);
    } catch { /* The list is as it was; a reload shows the file. */ }
  }

  function follow(row) {
    const id = row.dataset.importId;
    if (!id || followed.has(row) || typeof EventSource === "undefined") return;
    if (followed.size >= mostFollowed) {
      toFollow.push(row);
      return;
    }
    followed.add(row);
    const events = new EventSource(`/files/imports/${encodeURIComponent(id)}/events`);
    const stop = () => {
      events.close();
      followed.delete(row);
      const next = toFollow.shift();
      if (next) follow(next);
      row.querySelector("[data-import-bar]")?.remove();
      row.querySelector("[data-import-cancel]")?.remove();
    };
    events.onmessage = (event) => {
      let now;
      try { now = JSON.parse(event.data); } catch { return; }
      const over = ended.has(now.state);
      const rows = now.rowsDone > 0
        ? `${number(now.rowsDone)}${now.rowsEstimated ? ` of about ${number(Math.max(now.rowsEstimated, now.rowsDone))}` : ""} lines`
        : "";
      const speed = !over && now.rowsPerSecond > 0 ? `${number(now.rowsPerSecond)} a second` : "";
      const left = !over && now.secondsLeft !== null && now.secondsLeft !== undefined ? duration(now.secondsLeft) : "";
      showState(row, now.state, now.text || [rows, speed, left].filter(Boolean).join(" · "));
      linkName(row, now.href);
      const holder = ownPath(now.error?.href);
      if (holder) {
        const link = part(row, "holder", "a", { class: "import-text" });
        link.href = holder;
        link.textContent = "Open that version";
      }
      if (now.state === "done") refreshFiles();
      // Its own page says more than a line: what came in, or what to do now.
      if (over && row.closest("[data-import-page]")) return location.reload();
      if (over) return stop();
      showBar(row, now.rowsDone, now.state === "reading" ? now.rowsEstimated : 0);
      addCancel(row, id);
    };
    // EventSource comes back by itself after a lost line; closed for good means the import is unknown.
    events.onerror = () => {
      if (events.readyState !== EventSource.CLOSED) return;
      stop();
      showState(row, "unknown", "Progress is not available. Open the file to see how it ended.");
    };
  }

  // ---- Sending files: one request per file, so that a bad one holds up no other ----

  function send(file, source, list) {
    const row = make("li", { class: "import" },
      make("div", { class: "import-head" }, make("span", { class: "import-name" }, file.name)));
    list.append(row);
    showState(row, "waiting", "");
    const start = () => new Promise((finish) => {
      const request = new XMLHttpRequest();
      const query = new URLSearchParams({ name: file.name, source });
      request.open("PUT", `/files/upload?${query}`);
      request.setRequestHeader("X-CSRF-Token", token());
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.setRequestHeader("Accept", "application/json");
      request.responseType = "text";
      const stop = make("button", { class: "button button-small button-quiet", type: "button" }, "Cancel");
      stop.addEventListener("click", () => request.abort());
      row.append(stop);
      const failed = (text) => {
        showState(row, "not sent", text);
        finish();
      };
      request.upload.onprogress = (event) => {
        const percent = event.total > 0 ? Math.floor((event.loaded / event.total) * 100) : 0;
        showState(row, "sending", `${percent} % of ${number(event.total / 1024)} KB`);
        showBar(row, event.loaded, event.total);
      };
      request.onloadend = () => {
        stop.remove();
        row.querySelector("[data-import-bar]")?.remove();
      };
      request.onabort = () => failed("Cancelled. Nothing was kept.");
      request.onerror = () => failed("The connection was lost. Nothing was kept. Send the file again.");
      request.onload = () => {
        let answer = {};
        try { answer = JSON.parse(request.responseText) ?? {}; } catch { /* not our JSON: told below */ }
        if (request.status === 202 && answer.import) {
          row.dataset.importId = answer.import;
          linkName(row, answer.href);
          showState(row, "queued", "");
          setTimeout(() => follow(row));
        } else if (answer.error) {
          showState(row, "refused", [answer.error.message, answer.error.advice].filter(Boolean).join(" "));
        } else if (request.status === 401 || request.status === 403) {
          showState(row, "not sent", "You are signed out. Sign in again and send the file again.");
        } else {
          showState(row, "not sent", `The server answered ${request.status}. Nothing was kept. Send the file again.`);
        }
        finish();
      };
      request.send(file);
    });
    return start;
  }

  function startUpload(form) {
    const input = form.querySelector('input[type="file"]');
    const drop = form.querySelector(".drop") ?? form;
    let list = form.querySelector("[data-upload-list]");
    if (!list) {
      list = make("ul", { class: "imports", "data-upload-list": "" });
      form.append(list);
    }
    list.setAttribute("aria-live", "polite");
    let queue = Promise.resolve();
    let waiting = 0;
    const take = (files) => {
      const source = form.elements.namedItem("source")?.value ?? "";
      for (const file of files) {
        const start = send(file, source, list);
        waiting += 1;
        queue = queue.then(start).finally(() => { waiting -= 1; });
      }
    };
    window.addEventListener("beforeunload", (event) => { if (waiting > 0) event.preventDefault(); });
    form.addEventListener("submit", (event) => {
      if (!input?.files.length) return;
      event.preventDefault();
      take([...input.files]);
      input.value = "";
    });
    startDrop(drop, take);
  }

  function startDrop(drop, take) {
    const over = (event, on) => {
      if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
      event.preventDefault();
      drop.classList.toggle("over", on);
    };
    drop.addEventListener("dragenter", (event) => over(event, true));
    drop.addEventListener("dragover", (event) => over(event, true));
    drop.addEventListener("dragleave", (event) => { if (!drop.contains(event.relatedTarget)) drop.classList.remove("over"); });
    drop.addEventListener("drop", (event) => {
      over(event, false);
      take([...(event.dataTransfer?.files ?? [])]);
    });
  }

  // ---- One large file: how much of it is sent, then the page that goes on with it ----

  function startSend(form) {
    const input = form.querySelector('input[type="file"]');
    const drop = form.querySelector(".drop") ?? form;
    const row = make("div", { class: "import", "aria-live": "polite" }, make("div", { class: "import-head" }));
    const sendFile = (file) => {
      const data = new FormData();
      data.append("csrf", token());
      data.append("file", file, file.name);
      const head = row.querySelector(".import-head");
      head.replaceChildren(make("span", { class: "import-name" }, file.name));
      form.append(row);
      const request = new XMLHttpRequest();
      request.open("POST", form.getAttribute("action"));
      request.setRequestHeader("Accept", "application/json");
      const button = form.querySelector("button");
      button.disabled = true;
      const stop = make("button", { class: "button button-small button-quiet", type: "button" }, "Cancel");
      stop.addEventListener("click", () => request.abort());
      row.append(stop);
      const leaving = (event) => event.preventDefault();
      window.addEventListener("beforeunload", leaving);
      const failed = (text) => showState(row, "not sent", text);
      request.upload.onprogress = (event) => {
        const percent = event.total > 0 ? Math.floor((event.loaded / event.total) * 100) : 0;
        showState(row, "sending", percent < 100 ? `${percent} % of ${number(event.total / 1024)} KB` : "Sent. It is being looked at.");
        showBar(row, event.loaded, event.total);
      };
      request.onloadend = () => {
        window.removeEventListener("beforeunload", leaving);
        stop.remove();
        row.querySelector("[data-import-bar]")?.remove();
        button.disabled = false;
      };
      request.onabort = () => failed("Cancelled. Nothing was kept.");
      request.onerror = () => failed("The connection was lost. Nothing was kept. Send the file again.");
      request.onload = () => {
        let answer = {};
        try { answer = JSON.parse(request.responseText) ?? {}; } catch { /* not our JSON: told below */ }
        const next = ownPath(answer.href);
        window.removeEventListener("beforeunload", leaving);
        if (request.status === 202 && next) location.assign(next);
        else if (answer.error) failed([answer.error.message, answer.error.advice].filter(Boolean).join(" "));
        else failed(`The server answered ${request.status}. Nothing was kept. Send the file again.`);
      };
      request.send(data);
    };
    form.addEventListener("submit", (event) => {
      if (!input?.files.length) return;
      event.preventDefault();
      sendFile(input.files[0]);
    });
    startDrop(drop, (files) => { if (files.length) sendFile(files[0]); });
  }

  // ---- Dialogs ----

  function ask(text, yes, danger) {
    return new Promise((resolve) => {
      const no = make("button", { class: "button", value: "no", autofocus: "" }, "Back");
      const go = make("button", { class: `button ${danger ? "button-danger" : "button-primary"}`, value: "yes" }, yes);
      const dialog = make("dialog", { class: "dialog", "aria-labelledby": "ask-title" },
        make("form", { method: "dialog" }, make("h2", { id: "ask-title" }, text),
          make("div", { class: "form-actions" }, no, go)));
      dialog.addEventListener("close", () => {
        resolve(dialog.returnValue === "yes");
        dialog.remove();
      });
      document.body.append(dialog);
      dialog.showModal();
    });
  }

  const shortcuts = [["/", "Go to the search field"], ["M", "On the distribution board: move who is ticked"], ["?", "Show this list"], ["Esc", "Close a menu or a window"]];
  function showShortcuts() {
    if (document.querySelector("dialog[open]")) return;
    const list = make("dl", {}, ...shortcuts.flatMap(([key, words]) =>
      [make("dt", {}, make("kbd", {}, key)), make("dd", {}, words)]));
    const dialog = make("dialog", { class: "dialog", "aria-labelledby": "keys-title" },
      make("form", { method: "dialog" }, make("h2", { id: "keys-title" }, "Keyboard"), list,
        make("div", { class: "form-actions" }, make("button", { class: "button", autofocus: "" }, "Close"))));
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  }

  // ---- The distribution board: drag, keys and search; the form works without them ----

  function startBoard(form) {
    const cards = all("[data-card]", form);
    const boxes = all('[data-card] > input[type="checkbox"]', form);
    const select = form.querySelector("[data-move-to]");
    const count = form.querySelector("[data-selected]");
    const move = form.querySelector('button[value="move"]');
    const hint = form.querySelector("[data-board-hint]");
    if (!select || !move) return;
    if (hint) hint.hidden = false;
    const tell = () => {
      const ticked = boxes.filter((box) => box.checked).length;
      count.textContent = ticked ? `${ticked} ticked` : "None ticked";
    };
    tell();
    form.addEventListener("change", tell);
    // The next page shows the same part of the board.
    form.addEventListener("submit", () => {
      keep(session, "board", JSON.stringify({ y: scrollY, x: all(".columns", form).map((row) => row.scrollLeft) }));
    });
    const place = stored(session, "board");
    keep(session, "board", null);
    try {
      const { x, y } = JSON.parse(place) ?? {};
      all(".columns", form).forEach((row, index) => { row.scrollLeft = x?.[index] ?? 0; });
      if (y && !document.querySelector("[data-focus]")) scrollTo(0, y);
    } catch { /* no place was kept */ }
    const send = (key) => {
      select.value = key;
      if (select.value === key) form.requestSubmit(move);
    };

    let dragged = null;
    for (const card of cards) {
      card.draggable = true;
      card.addEventListener("dragstart", (event) => {
        dragged = card;
        event.dataTransfer.effectAllowed = "move";
        event.dataTransfer.setData("text/plain", card.querySelector(".agentcard-name")?.textContent ?? "");
        const box = card.querySelector("input");
        for (const other of cards) other.classList.toggle("dragged", other === card || (box.checked && other.querySelector("input").checked));
      });
      card.addEventListener("dragend", () => {
        dragged = null;
        for (const other of cards) other.classList.remove("dragged");
        for (const column of all(".column.over", form)) column.classList.remove("over");
      });
      card.addEventListener("click", (event) => {
        if (event.target.closest("a, input, button")) return;
        const box = card.querySelector("input");
        box.checked = !box.checked;
        box.focus();
        tell();
      });
    }
    for (const column of all("[data-column]", form)) {
      const over = (event, on) => {
        if (!dragged) return;
        event.preventDefault();
        column.classList.toggle("over", on);
      };
      column.addEventListener("dragenter", (event) => over(event, true));
      column.addEventListener("dragover", (event) => over(event, true));
      column.addEventListener("dragleave", (event) => { if (!column.contains(event.relatedTarget)) column.classList.remove("over"); });
      column.addEventListener("drop", (event) => {
        over(event, false);
        if (!dragged || column.contains(dragged)) return;
        const box = dragged.querySelector("input");
        // A card that is not ticked goes alone.
        if (!box.checked) for (const other of boxes) other.checked = other === box;
        send(column.dataset.column);
      });
    }

    const choose = () => {
      const list = make("select", { size: "10", "aria-label": "Team" }, ...all("optgroup", select).map((group) => group.cloneNode(true)));
      list.value = select.value || list.querySelector("option")?.value;
      const ticked = boxes.filter((box) => box.checked).length;
      const dialog = make("dialog", { class: "dialog", "aria-labelledby": "move-title" },
        make("form", { method: "dialog" },
          make("h2", { id: "move-title" }, `Move ${ticked} ${ticked === 1 ? "agent" : "agents"} to`), list,
          make("div", { class: "form-actions" }, make("button", { class: "button", value: "no" }, "Back"),
            make("button", { class: "button button-primary", value: "yes" }, "Move"))));
      list.addEventListener("keydown", (event) => {
        if (event.key !== "Enter") return;
        event.preventDefault();
        dialog.close("yes");
      });
      dialog.addEventListener("close", () => {
        dialog.remove();
        if (dialog.returnValue === "yes" && list.value) send(list.value);
      });
      document.body.append(dialog);
      dialog.showModal();
      list.focus();
    };
    const shown = (list) => list.filter((box) => !box.closest("[data-card]").hidden);
    form.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const box = event.target.closest?.("[data-card]")?.querySelector("input");
      if (!box) return;
      if (event.key === "m" || event.key === "M") {
        event.preventDefault();
        if (!boxes.some((other) => other.checked)) box.checked = true;
        tell();
        choose();
      } else if (event.key === "Escape") {
        for (const other of boxes) other.checked = false;
        tell();
      } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        const own = shown(all('input[type="checkbox"]', box.closest(".column")));
        own[own.indexOf(box) + (event.key === "ArrowDown" ? 1 : -1)]?.focus();
      } else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
        event.preventDefault();
        const columns = all(".column", form).filter((column) => shown(all("input", column)).length);
        const step = (event.key === "ArrowRight") === (getComputedStyle(form).direction === "ltr") ? 1 : -1;
        const own = box.closest(".column");
        const next = columns[columns.indexOf(own) + step];
        if (!next) return;
        const fields = shown(all("input", next));
        fields[Math.min(shown(all("input", own)).indexOf(box), fields.length - 1)].focus();
      }
    });
  }

  function startBoardFilter(input) {
    const cards = all("[data-card]").map((card) => [card, folded(card.querySelector(".agentcard-name").textContent)]);
    const columns = all(".column").map((column) => [column, column.querySelector(".count"), all("[data-card]", column)]);
    const totals = columns.map(([, count]) => count?.textContent);
    if (input.value) return;
    input.addEventListener("input", () => {
      const words = folded(input.value).split(/\s+/).filter(Boolean);
      for (const [card, text] of cards) {
        card.hidden = !words.every((word) => text.includes(word));
        // What cannot be seen must not be moved.
        const box = card.querySelector("input");
        if (card.hidden && box?.checked) box.click();
      }
      columns.forEach(([, count, own], index) => {
        const left = own.filter((card) => !card.hidden).length;
        if (count) count.textContent = left < own.length ? `${left} of ${own.length}` : totals[index];
      });
    });
  }

  // ---- Tables, forms ----

  const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

  function startFilter(input) {
    const table = document.getElementById(input.dataset.filterTable);
    if (!table) return;
    const rows = all("tbody tr", table).map((row) => [row, folded(row.textContent)]);
    const count = make("span", { class: "sr", role: "status" });
    input.after(count);
    input.addEventListener("input", () => {
      const words = folded(input.value).split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const [row, text] of rows) {
        row.hidden = !words.every((word) => text.includes(word));
        if (!row.hidden) shown += 1;
      }
      // A total over all rows under some of them would mislead.
      for (const total of all("tfoot", table)) total.hidden = shown < rows.length;
      count.textContent = `${shown} of ${rows.length} shown`;
    });
  }

  // What goes on sideways shows a shade at that edge; a calendar opens at its latest day.
  function startEdges(place) {
    const look = () => {
      const rest = place.scrollWidth - place.clientWidth;
      const gone = Math.abs(place.scrollLeft);
      place.classList.toggle("more-start", gone > 1);
      place.classList.toggle("more-end", rest - gone > 1);
    };
    if ("latest" in place.dataset) place.scrollLeft = (root.dir === "rtl" ? -1 : 1) * place.scrollWidth;
    place.addEventListener("scroll", look, { passive: true });
    if (typeof ResizeObserver === "undefined") return look();
    const watch = new ResizeObserver(look);
    for (const part of [place, ...place.children]) watch.observe(part);
  }

  const keepKey = (form, index) => `keep ${location.pathname} ${form.getAttribute("id") || form.getAttribute("action") || index}`;
  const who = () => document.querySelector(".account-name")?.textContent ?? "";
  const keepable = (field) => field.name && field.name !== "csrf" && !["password", "file", "hidden", "submit", "button"].includes(field.type)
    && !/one-time-code|password/.test(field.autocomplete);

  function saveForm(form, index) {
    keep(session, "signed-out", null);
    const fields = [...form.elements].filter(keepable).map((field) =>
      [field.name, field.type === "checkbox" || field.type === "radio" ? [field.value, field.checked] : field.value]);
    keep(session, keepKey(form, index), JSON.stringify({ who: who(), at: Date.now(), fields }));
  }

  // Restored only when the sign-in page came between the sending and now.
  function restoreForm(form, index) {
    const key = keepKey(form, index);
    const text = stored(session, key);
    if (!text) return;
    keep(session, key, null);
    if (stored(session, "signed-out") === null) return;
    let kept;
    try { kept = JSON.parse(text); } catch { return; }
    // Another person at the same desk must not see it.
    if (kept.who !== who() || !(Date.now() - kept.at < 12 * 3600 * 1000)) return;
    const places = {};
    for (const [name, value] of kept.fields ?? []) {
      const same = [...form.elements].filter((field) => field.name === name && keepable(field));
      if (Array.isArray(value)) {
        for (const field of same) if (field.value === value[0]) field.checked = value[1];
      } else {
        const field = same[(places[name] = (places[name] ?? -1) + 1)];
        if (field) field.value = value;
      }
    }
    keep(session, "signed-out", null);
    toast("What you had typed is back. Check it and send it again.");
  }

  // ---- Parts of a form that belong to one answer ----

  // Hidden, and sent with nothing, unless the field has that value.
  function onlyWith(part) {
    const [name, value] = part.dataset.onlyWith.split("=");
    const form = part.closest("form");
    if (!form) return;
    const update = () => {
      const isOn = new FormData(form).get(name) === value;
      part.hidden = !isOn;
      for (const field of part.querySelectorAll("input, select, textarea")) field.disabled = !isOn;
    };
    form.addEventListener("change", (event) => {
      if (event.target.name === name) update();
    });
    update();
  }

  // ---- Start ----

  document.addEventListener("DOMContentLoaded", () => {
    all("form[data-upload]").forEach(startUpload);
    all("form[data-send]").forEach(startSend);
    all("[data-import-id]").forEach(follow);
    all("[data-filter-table]").forEach(startFilter);
    all(".tablewrap, .chart").forEach(startEdges);
    // Where the style sheet cannot hold filters open on a wide screen.
    if (!CSS.supports("selector(::details-content)") && matchMedia("(min-width: 40.01rem)").matches) {
      for (const box of all(".filterbox")) box.open = true;
    }
    all("form[data-board]").forEach(startBoard);
    all("[data-filter-board]").forEach(startBoardFilter);
    if (document.querySelector("form[data-login]")) {
      keep(session, "signed-out", "yes");
    } else {
      all("form[data-keep]").forEach((form, index) => {
        restoreForm(form, index);
        form.addEventListener("submit", () => saveForm(form, index));
      });
    }
    document.querySelector("[data-focus]")?.focus();
    for (const part of all("[data-only-with]")) onlyWith(part);
    if (document.querySelector("[data-reload]")) setTimeout(() => location.reload(), 2000);
    for (const button of all("[data-print]")) {
      button.hidden = false;
      button.addEventListener("click", () => window.print());
    }
    for (const button of all("[data-shortcuts]")) {
      button.hidden = false;
      button.addEventListener("click", showShortcuts);
    }
    for (const button of all("[data-theme-switch]")) {
      button.hidden = false;
      button.addEventListener("click", () => {
        const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
        root.dataset.theme = dark ? "light" : "dark";
        // Back on what the system has, we follow the system again.
        const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
        keep(local, "theme", root.dataset.theme === system ? null : root.dataset.theme);
      });
    }
  });

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.getAttribute("action") === "/auth/logout") {
      try { session().clear(); } catch { /* private mode */ }
    }
    if (form.matches("[data-import-cancel]")) {
      event.preventDefault();
      cancel(form);
      return;
    }
    const button = event.submitter;
    const question = button?.dataset.confirm || form.dataset.confirm;
    if (question && !form.dataset.confirmed && typeof HTMLDialogElement !== "undefined") {
      event.preventDefault();
      const danger = button?.classList.contains("button-danger");
      if (await ask(question, form.dataset.confirmYes || button?.textContent.trim() || "Yes", danger)) {
        form.dataset.confirmed = "yes";
        // Tells the server that its own confirmation page is not needed.
        form.append(make("input", { type: "hidden", name: "confirmed", value: "yes" }));
        form.requestSubmit(button ?? undefined);
        delete form.dataset.confirmed;
      } else {
        button?.focus();
      }
    }
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-autosubmit]")) event.target.form?.requestSubmit();
  });

  document.addEventListener("click", (event) => {
    for (const menu of all("details.account[open], details.navmenu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      for (const menu of all("details.account[open], details.navmenu[open]")) {
        const inside = menu.contains(document.activeElement);
        menu.open = false;
        if (inside) menu.querySelector("summary")?.focus();
      }
      for (const tip of all(".term-tip")) tip.classList.add("closed");
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest?.("input, textarea, select, [contenteditable]")) return;
    if (event.key === "/") {
      const field = document.querySelector("[data-search]") ?? document.querySelector('main input[type="search"]');
      if (field) {
        event.preventDefault();
        const box = field.closest("details");
        if (box) box.open = true;
        field.focus();
        field.select?.();
      }
    } else if (event.key === "?") {
      event.preventDefault();
      showShortcuts();
    }
  });

  // A tip closed with Esc opens again on the next visit (WCAG 1.4.13).
  for (const kind of ["mouseover", "focusin"]) {
    document.addEventListener(kind, (event) => {
      const term = event.target.closest?.(".term");
      term?.nextElementSibling?.classList.remove("closed");
    });
  }
})();

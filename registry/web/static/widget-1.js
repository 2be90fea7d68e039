// The status of certificates on a web site of their holders, as the registry tells it now. Shown in place of
//   <div data-certificate="ID"><a href="https://…/v/ID">…</a></div>
// in the language of the page; whoever has no script, or can't reach the registry, keeps the link inside.
// No cookie, nothing stored, nothing sent but the id. Asks the origin that this file came from, and no other.
(() => {
  "use strict";
  const home = new URL(document.currentScript.src).origin;
  const disc = "M12 1a11 11 0 1 0 .01 0z";
  const octagon = "M7.5 1h9L23 7.5v9L16.5 23h-9L1 16.5v-9z";
  const triangle = "M12 1.2 23.6 22H.4z";
  const verdicts = {
    valid: ["有效", "Valid", "#0b6540", disc, "m7 12.5 3.5 3.5L17 9"],
    suspended: ["已暂停", "Suspended", "#8a4b00", disc, "M9.4 8v8m5.2-8v8"],
    withdrawn: ["已撤销", "Withdrawn", "#a81d1d", octagon, "m8.5 8.5 7 7m0-7-7 7"],
    cancelled: ["已注销", "Cancelled", "#46535e", disc, "M7 12h10"],
    superseded: ["已被替换", "Superseded", "#46535e", disc, "M6.8 12h10M12.8 8l4 4-4 4"],
    expired: ["已过期", "Expired", "#46535e", disc, "M12 6.5v6l3.8 2.2"],
    not_yet_valid: ["尚未生效", "Not yet valid", "#1d4f8b", disc, "M7 12h.01M12 12h.01M17 12h.01"],
    invalid: ["无效，请勿采信", "Invalid – do not rely on it", "#a81d1d", triangle, "M12 9v6m0 3.6h.01"],
    unknown: ["未登记", "Not registered", "#a81d1d", triangle, "M12 9v6m0 3.6h.01"],
  };
  const style = new CSSStyleSheet();
  style.replaceSync(`
    a { display: inline-flex; gap: .75em; align-items: center; max-width: 100%; box-sizing: border-box; padding: .6em .9em;
      border: 1px solid; border-radius: .45em; background: #fff; font: 14px/1.4 system-ui, "PingFang SC",
      "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; text-decoration: none; text-align: start; }
    a:hover b { text-decoration: underline; }
    a:focus-visible { outline: 3px solid; outline-offset: 2px; }
    svg { flex: none; width: 2.4em; height: 2.4em; }
    b, span { display: block; overflow-wrap: anywhere; }
    b { font-size: 1.25em; }
    span { color: #15202b; }
    small { color: #46535e; }`);

  function element(name, text, children = []) {
    const made = document.createElement(name);
    made.textContent = text;
    made.append(...children);
    return made;
  }

  function drawn(colour, shape, mark) {
    const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    picture.setAttribute("viewBox", "0 0 24 24");
    picture.setAttribute("aria-hidden", "true");
    for (const [d, fill, stroke] of [[shape, colour, "none"], [mark, "none", "#fff"]]) {
      const path = document.createElementNS(picture.namespaceURI, "path");
      for (const [name, value] of Object.entries({ d, fill, stroke, "stroke-width": 2.4, "stroke-linecap": "round" }))
        path.setAttribute(name, value);
      picture.append(path);
    }
    return picture;
  }

  function show(place, id, verdict, terms) {
    const tag = place.closest("[lang]")?.lang ?? "";
    const english = tag !== "" && !/^zh\b/i.test(tag);
    const said = (text) => (english && text.en) || text.zh;
    const [zh, en, ...look] = verdicts[verdict] ?? verdicts.invalid;
    const lines = [element("b", english ? en : zh)];
    if (terms) lines.push(element("span", terms.standard), element("span", said(terms.certification_body.name)));
    lines.push(element("small", `${id} · ${new URL(home).host}`));
    const link = element("a", "", [drawn(...look), element("div", "", lines)]);
    link.href = `${home}/v/${encodeURIComponent(id)}`;
    link.lang = english ? "en" : "zh-CN";
    link.style.color = look[0];
    const root = place.shadowRoot ?? place.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [style];
    root.replaceChildren(link);
  }

  async function ask(place) {
    const id = place.dataset.certificate.trim();
    try {
      const answer = await fetch(`${home}/api/v1/verify/${encodeURIComponent(id)}`, {
        cache: "no-cache",
        credentials: "omit",
        referrerPolicy: "no-referrer",
      });
      const { verdict, public_id, certificate } = await answer.json();
      if (answer.status === 404) return show(place, id, "unknown");
      if (!answer.ok) throw new Error(answer.status);
      show(place, public_id, verdict, verdict === "invalid" || verdict === "unknown" ? null : certificate);
    } catch {
      // An old answer must not stay: back to the link.
      place.shadowRoot?.replaceChildren(document.createElement("slot"));
    }
  }

  let asked = 0;
  function askAll() {
    if (document.visibilityState !== "visible" || Date.now() - asked < 60_000) return;
    asked = Date.now();
    document.querySelectorAll("[data-certificate]").forEach(ask);
  }
  askAll();
  // A page that was left open is asked for again when somebody comes back to it.
  document.addEventListener("visibilitychange", askAll);
})();

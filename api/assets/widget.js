// Puts a chat on any page:
//
//   <script src="https://bot.example.com/chat.js" data-bot="demo" data-account="web" data-lang="es" data-color="#0a6b4f" async></script>
//
// Only data-bot is needed. A round button opens the chat in a frame; ?ref=… in the page's own address goes along, so the
// page itself can be what people share. Nothing of the page is touched, and its styles don't reach in.
(() => {
  'use strict';

  const script = document.currentScript;
  const tag = 'millennium-chat';
  if (!script || document.querySelector(tag)) return;
  const { bot, account, lang, color } = script.dataset;
  if (!bot) {
    console.error('chat.js: say which bot to talk to: <script data-bot="…">');
    return;
  }

  const spoken = {
    es: { open: 'Abrir el chat', news: 'Abrir el chat: hay mensajes nuevos', close: 'Cerrar el chat', title: 'Chat' },
    en: { open: 'Open the chat', news: 'Open the chat: there are new messages', close: 'Close the chat', title: 'Chat' },
  };
  const server = new URL(script.src).origin;
  const language = [lang, document.documentElement.lang, ...navigator.languages]
    .map((name) => (name ?? '').slice(0, 2).toLowerCase()).find((name) => name in spoken) ?? 'en';
  const words = spoken[language];
  const memory = `${tag}/${bot}/${account ?? ''}`;
  const ref = /^[A-Za-z0-9_-]{1,64}$/.exec(new URLSearchParams(location.search).get('ref') ?? '')?.[0] ?? '';

  const styles = `
    :host { all: initial; }
    [hidden] { display: none !important; }
    button {
      position: fixed; z-index: 2147483001; inset-inline-end: calc(20px + env(safe-area-inset-right)); bottom: calc(20px + env(safe-area-inset-bottom));
      width: 60px; height: 60px; padding: 0; border: 0; border-radius: 50%; cursor: pointer;
      background: var(--color); box-shadow: 0 4px 18px rgb(0 0 0 / 25%);
    }
    button:focus-visible { outline: 3px solid var(--color); outline-offset: 3px; box-shadow: 0 0 0 3px #fff; }
    svg { display: block; width: 28px; margin: auto; fill: none; stroke: var(--on-color); stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
    [aria-expanded=true] .talk, [aria-expanded=false] .leave { display: none; }
    .news::after {
      content: ""; position: absolute; top: 2px; inset-inline-end: 2px; width: 14px; height: 14px;
      border: 2px solid #fff; border-radius: 50%; background: #c8102e;
    }
    iframe {
      position: fixed; z-index: 2147483000; inset-inline-end: calc(20px + env(safe-area-inset-right)); bottom: calc(96px + env(safe-area-inset-bottom));
      width: 400px; height: min(640px, calc(100vh - 120px)); border: 0; border-radius: 18px;
      background: Canvas; color-scheme: light dark; box-shadow: 0 10px 40px rgb(0 0 0 / 28%);
    }
    @media (max-width: 480px), (max-height: 480px) {
      iframe { inset: 0; width: 100%; height: 100%; height: 100dvh; border-radius: 0; }
      button[aria-expanded=true] {
        inset: calc(8px + env(safe-area-inset-top)) calc(10px + env(safe-area-inset-right)) auto auto; width: 44px; height: 44px; box-shadow: none;
      }
      button[aria-expanded=true] svg { width: 22px; }
    }
    @media (prefers-reduced-motion: no-preference) {
      iframe:not([hidden]) { animation: rise .18s ease-out; }
      button { transition: scale .15s; }
      button:hover { scale: 1.05; }
    }
    @keyframes rise { from { opacity: 0; translate: 0 12px; } }`;

  const drawing = (name, path) => {
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    svg.setAttribute('class', name);
    svg.setAttribute('viewBox', '0 0 24 24');
    svg.setAttribute('aria-hidden', 'true');
    const line = document.createElementNS(svg.namespaceURI, 'path');
    line.setAttribute('d', path);
    svg.append(line);
    return svg;
  };

  const host = document.createElement(tag);
  const root = host.attachShadow({ mode: 'open' });
  const button = document.createElement('button');
  const frame = document.createElement('iframe');

  // recall and remember survive pages that forbid storage: then every page starts with the chat closed.
  const recall = () => {
    try {
      return JSON.parse(sessionStorage.getItem(memory)) ?? {};
    } catch {
      return {};
    }
  };
  const remember = (state) => {
    try {
      sessionStorage.setItem(memory, JSON.stringify(state));
    } catch {
      // Nothing depends on it.
    }
  };

  const address = () => {
    const url = new URL(`${server}/chat/${[bot, account].filter(Boolean).map(encodeURIComponent).join('/')}`);
    url.search = new URLSearchParams({ embed: '1', lang: language, ...(ref && { ref }) });
    return url.href;
  };

  const isOpen = () => !frame.hidden;

  const label = (news) => {
    button.setAttribute('aria-expanded', String(isOpen()));
    button.setAttribute('aria-label', isOpen() ? words.close : news ? words.news : words.open);
    button.classList.toggle('news', news);
  };

  const open = () => {
    if (!frame.src) frame.src = address();
    frame.hidden = false;
    label(false);
    remember({ open: true, ref });
  };

  const close = () => {
    const inside = root.activeElement === frame;
    frame.hidden = true;
    label(false);
    remember({ open: false, ref });
    if (inside) button.focus();
  };

  // readable gives black or white, whichever can be read on a colour.
  const readable = (background) => {
    const [red, green, blue] = background.match(/[\d.]+/g).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? '#000' : '#fff';
  };

  const paint = () => {
    host.style.setProperty('--color', color && CSS.supports('color', color) ? color : '#b3441e');
    host.style.setProperty('--on-color', readable(getComputedStyle(button).backgroundColor));
  };

  const build = () => {
    if (document.querySelector(tag)) return;
    const sheet = new CSSStyleSheet(); // allowed by pages that forbid inline styles
    sheet.replaceSync(styles);
    root.adoptedStyleSheets = [sheet];
    button.type = 'button';
    button.append(drawing('talk', 'M12 4c-5 0-9 3.3-9 7.5 0 2.4 1.3 4.5 3.4 5.9L5.5 21l4.2-2.2c.7.1 1.5.2 2.3.2 5 0 9-3.3 9-7.5S17 4 12 4z'),
      drawing('leave', 'M6 6l12 12M18 6 6 18'));
    button.addEventListener('click', () => {
      if (isOpen()) return close();
      open();
      frame.focus();
    });
    frame.hidden = true;
    frame.title = words.title;
    frame.allow = 'clipboard-write; web-share';
    root.append(button, frame);
    root.addEventListener('keydown', (event) => event.key === 'Escape' && isOpen() && close());
    label(false);
    document.body.append(host);
    paint();
    const before = recall();
    if (ref && before.ref !== ref ? true : before.open) open();
  };

  window.addEventListener('message', (event) => {
    if (event.origin !== server || event.source !== frame.contentWindow) return;
    if (event.data?.millenniumChat === 'close' && isOpen()) close();
    if (event.data?.millenniumChat === 'line' && !isOpen()) label(true);
  });

  if (document.body) build();
  else document.addEventListener('DOMContentLoaded', build);
})();

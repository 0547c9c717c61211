// What people and bots write, as DOM nodes: text stays text whatever it looks like, web addresses become links and
// *this* becomes bold.

const address = /https?:\/\/[^\s<>"]+/gi;
const bold = /(^|[\s(¡¿"“«])\*(?![\s*])([^*\n]*[^\s*])\*(?![\p{L}\p{N}*])/gu;

// write gives the nodes of a text.
export function write(text) {
  const nodes = document.createDocumentFragment();
  let written = 0;
  for (const match of text.matchAll(bold)) {
    writeLinks(nodes, text.slice(written, match.index) + match[1]);
    const strong = document.createElement('strong');
    writeLinks(strong, match[2]);
    nodes.append(strong);
    written = match.index + match[0].length;
  }
  writeLinks(nodes, text.slice(written));
  return nodes;
}

function writeLinks(parent, text) {
  let written = 0;
  for (const match of text.matchAll(address)) {
    const shown = withoutPunctuation(match[0]);
    const url = webAddress(shown);
    if (!url) continue;
    parent.append(text.slice(written, match.index), link(url, shown));
    written = match.index + shown.length;
  }
  parent.append(text.slice(written));
}

function link(url, shown) {
  const anchor = document.createElement('a');
  anchor.href = url.href;
  anchor.target = '_blank';
  anchor.rel = 'noopener noreferrer nofollow';
  anchor.dir = 'ltr';
  anchor.textContent = shown;
  return anchor;
}

// webAddress reads an address that is safe to follow; null for anything else.
export function webAddress(text) {
  try {
    const url = new URL(text);
    return url.protocol === 'https:' || url.protocol === 'http:' ? url : null;
  } catch {
    return null;
  }
}

const pairs = { ')': '(', ']': '[', '}': '{' };

// withoutPunctuation leaves out what ends the sentence rather than the address. A bracket stays where it was opened inside.
function withoutPunctuation(found) {
  let end = found.length;
  for (; end > 0; end--) {
    const last = found[end - 1];
    const opening = pairs[last];
    if (opening ? count(found, opening, end) >= count(found, last, end) : !'.,;:!?…»”’\'*'.includes(last)) break;
  }
  return found.slice(0, end);
}

function count(text, character, end) {
  let found = 0;
  for (let i = 0; i < end; i++) if (text[i] === character) found++;
  return found;
}

// isReferralLink says whether a link carries a ref: then people will want to pass it on.
export function isReferralLink(anchor) {
  const query = new URL(anchor.href).searchParams;
  return query.has('ref') || query.has('start');
}

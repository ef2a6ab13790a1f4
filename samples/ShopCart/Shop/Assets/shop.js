// The shop works without this file. With it, adding needs no reload, and the way of each request lights up.
'use strict';

const byId = id => document.getElementById(id);
const wares = new Map([...document.querySelectorAll('form[data-sku]')].map(form => [form.dataset.sku, form.dataset]));
const logLength = 5;
const refreshEvery = 3000;

// One request at a time: two first requests in parallel would begin two sessions.
let queue = Promise.resolve();
const inTurn = work => (queue = queue.then(work, work));

async function call(method, address, body) {
  const started = performance.now();
  const response = await fetch(address, {
    method,
    headers: body ? { 'Content-Type': 'application/json' } : {},
    body: body && JSON.stringify(body),
  });
  const content = response.status === 204 ? null : await response.json();
  if (!response.ok) throw new Error(content.detail ?? `The shop answered ${response.status}.`);
  return { cart: content, took: performance.now() - started };
}

async function act(what, method, address, body) {
  try {
    const { cart, took } = await call(method, address, body);
    byId('problem').hidden = true;
    if (cart === null) return act(what, 'GET', '/api/cart');
    showCart(cart);
    showPath(cart);
    if (what) note(what, cart, took);
  } catch (problem) {
    byId('problem').textContent = problem instanceof TypeError ? 'The shop cannot be reached.' : problem.message;
    byId('problem').hidden = false;
  }
}

function showCart(cart) {
  const count = byId('count');
  if (count.textContent !== String(cart.count)) {
    count.textContent = cart.count;
    count.classList.remove('bump');
    void count.offsetWidth; // So that the animation begins again.
    count.classList.add('bump');
  }
  byId('lines').replaceChildren(...cart.items.map(line));
  byId('empty').hidden = cart.count > 0;
  byId('totals').hidden = cart.count === 0;
  byId('total').textContent = cart.items
    .reduce((sum, item) => sum + item.quantity * Number(wares.get(item.sku)?.price ?? 0), 0).toFixed(2);
}

function line(item) {
  const ware = wares.get(item.sku) ?? { name: item.sku };
  const li = byId('line').content.firstElementChild.cloneNode(true);
  li.querySelector('use').setAttribute('href', `/pictures.svg#${wares.has(item.sku) ? item.sku : 'parcel'}`);
  li.querySelector('[data-part=name]').textContent = ware.name;
  li.querySelector('[data-part=quantity]').textContent = item.quantity;
  li.querySelector('[name=sku]').value = item.sku;
  li.querySelector('button').setAttribute('aria-label', `Remove ${ware.name}`);
  return li;
}

function showPath({ owner, ingress, forwarded }) {
  const nodes = [...document.querySelectorAll('[data-node]')];
  const missing = [owner, ingress].filter(name => !nodes.some(node => node.dataset.node === name)).join();
  if (missing && sessionStorage.getItem('missing') !== missing) {
    // A node that joined since: the server draws the picture. If it does not know that node either, asking again would not help.
    sessionStorage.setItem('missing', missing);
    location.reload();
    return;
  }
  for (const node of nodes) {
    node.classList.toggle('ingress', node.dataset.node === ingress);
    node.classList.toggle('owner', node.dataset.node === owner);
  }
  for (const way of document.querySelectorAll('[data-link]')) way.classList.toggle('lit', way.dataset.link === ingress);
  for (const hop of document.querySelectorAll('[data-hop]')) {
    hop.classList.toggle('lit', forwarded && hop.dataset.hop === `${ingress} ${owner}`);
  }
  setText('ingress', ingress);
  setText('owner', owner);
  setText('forwarded', forwarded ? 'yes' : 'no');
}

// Only what changed: a screen reader reads the changes aloud.
function setText(id, text) {
  if (byId(id).textContent !== text) byId(id).textContent = text;
}

function note(what, { owner, ingress, forwarded }, took) {
  const log = byId('log');
  const li = document.createElement('li');
  const way = document.createElement('span');
  const action = document.createElement('span');
  action.textContent = what;
  way.textContent = `${forwarded ? `${ingress} → ${owner}` : owner} · ${took.toFixed(0)} ms`;
  li.append(action, way);
  log.prepend(li);
  while (log.childElementCount > logLength) log.lastElementChild.remove();
  log.hidden = false;
}

document.addEventListener('submit', event => {
  const form = event.target;
  const sku = form.elements.namedItem('sku')?.value;
  const name = wares.get(sku)?.name ?? sku;
  const actions = {
    '/cart/add': () => act(`Add ${name}`, 'POST', '/api/cart/items', { sku, quantity: 1 }),
    '/cart/remove': () => act(`Remove ${name}`, 'DELETE', `/api/cart/items/${encodeURIComponent(sku)}`),
    '/cart/empty': () => act('Empty the cart', 'DELETE', '/api/cart'),
  };
  const action = actions[form.getAttribute('action')];
  if (action) {
    event.preventDefault();
    inTurn(action);
  }
});

// Another tab may have changed the cart; and the picture stays alive.
const refresh = () => document.hidden || inTurn(() => act(null, 'GET', '/api/cart'));
setInterval(refresh, refreshEvery);
document.addEventListener('visibilitychange', refresh);

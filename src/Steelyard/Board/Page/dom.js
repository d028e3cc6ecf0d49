// Small tools of the page: elements, numbers and times in words.

/** Makes an element: properties as they are called in HTML, children as elements or text. Text is never read as HTML. */
export function el(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (key === 'class') element.className = value;
    else if (key === 'data') Object.assign(element.dataset, value);
    else element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined && child !== false));
  return element;
}

export const byId = id => document.getElementById(id);

/** Writes a text where it is another one. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Sets a class where it is not set, and the other way round. */
export const mark = (element, name, on) => element.classList.contains(name) !== !!on && element.classList.toggle(name, !!on);

const units = ['', 'k', 'M', 'G', 'T', 'P'];

/** 1234567 as 1.23M. */
export function count(number) {
  if (number === undefined || number === null) return '';
  if (Math.abs(number) < 10000) return number.toLocaleString('en', { maximumFractionDigits: 0 });
  let unit = 0;
  for (; Math.abs(number) >= 999.5 && unit < units.length - 1; unit++) number /= 1000;
  return number.toPrecision(3).replace(/\.?0+$/, '') + units[unit];
}

/** A rate: with a fraction where it is small. */
export const rate = number => number === undefined || number === null ? '' : number > 0 && number < 9.95 ? number.toFixed(1) : count(Math.round(number));

/** Bytes, in powers of 1024. */
export function bytes(number) {
  let unit = 0;
  for (; number >= 1023.5 && unit < 5; unit++) number /= 1024;
  return `${unit === 0 || number >= 99.5 ? Math.round(number) : number.toPrecision(3).replace(/\.?0+$/, '')} ${['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'][unit]}`;
}

/** Milliseconds. */
export function time(milliseconds) {
  if (milliseconds === undefined || milliseconds === null) return '–';
  if (milliseconds < 1) return '<1 ms';
  if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`;
  return `${(milliseconds / 1000).toPrecision(milliseconds < 9950 ? 2 : 3)} s`;
}

/** A span of seconds in its two largest units. */
export function span(seconds) {
  seconds = Math.max(0, Math.floor(seconds));
  const [days, hours, minutes] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  return days ? `${days}d ${hours}h` : hours ? `${hours}h ${minutes}m` : minutes ? `${minutes}m ${seconds % 60}s` : `${seconds}s`;
}

/** What a server is called: by its name, where the configuration gives it one, and its address. */
export const called = row => row.name ? `${row.name} (${row.address})` : row.address;

/** The time of day. */
export const clock = at => new Date(at).toLocaleTimeString('en-GB');

export const plural = (number, one, many = one + 's') => `${count(number)} ${number === 1 ? one : many}`;

/** All of a number's digits, where it stands beside another one that it is compared to. */
export const whole = number => number.toLocaleString('en');

export const pluralOf = (number, one) => `${whole(number)} ${number === 1 ? one : one + 's'}`;

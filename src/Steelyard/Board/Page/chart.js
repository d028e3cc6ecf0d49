// Charts on canvas: up to the last five minutes, a second for each point, now at the right.

const Least = 60;

/** How many seconds a chart shows: as many as there are, between one minute and five. */
const secondsOf = points => points.length < 2 ? Least : Math.max(Least, (points.at(-1).at - points[0].at) / 1000);
const probes = new Map();

/** The colour that a variable of the style sheet stands for, as it is now, dark or light. */
export function colour(name) {
  let probe = probes.get(name);
  if (!probe) {
    probe = document.createElement('span');
    probe.hidden = true;
    probe.style.color = `var(--${name})`;
    document.body.append(probe);
    probes.set(name, probe);
  }
  return getComputedStyle(probe).color;
}

function begin(canvas) {
  const [width, height, ratio] = [canvas.clientWidth, canvas.clientHeight, window.devicePixelRatio || 1];
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const pen = canvas.getContext('2d');
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return { pen, width, height };
}

const nice = most => {
  if (!(most > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 5, 10].map(step => step * power).find(step => step >= most);
};

/** Runs of points without gaps: where nobody looked there is no line. */
function runs(points, x, value) {
  const all = [];
  let last = null;
  for (const point of points) {
    const y = value(point);
    if (y === undefined || y === null || x(point) < 0) { last = null; continue; }
    if (last === null || point.at - last.at > 3500) all.push([]);
    all.at(-1).push([x(point), y, point]);
    last = point;
  }
  return all;
}

/** Draws one line, for a tile. */
export function spark(canvas, points, value, name = 'accent') {
  const { pen, width, height } = begin(canvas);
  const [now, most] = [points.at(-1)?.at ?? 0, Math.max(...points.map(value), 0)];
  const seconds = secondsOf(points);
  const x = point => width - (now - point.at) / 1000 / seconds * width;
  pen.strokeStyle = pen.fillStyle = colour(name);
  pen.lineWidth = 1.5;
  for (const run of runs(points, x, value)) {
    pen.beginPath();
    for (const [at, y] of run) pen.lineTo(at, height - 2 - (most ? y / most : 0) * (height - 4));
    pen.stroke();
    pen.lineTo(run.at(-1)[0], height);
    pen.lineTo(run[0][0], height);
    pen.globalAlpha = .12;
    pen.fill();
    pen.globalAlpha = 1;
  }
}

/**
 * Draws layers: those that are stacked as areas, or each as a line.
 * @param layers [{ name: a colour, value: of a point }], the lowest first
 */
export function chart(canvas, points, layers, { stacked, format }) {
  const { pen, width, height } = begin(canvas);
  const [left, top, bottom] = [4, 6, 16];
  const now = points.at(-1)?.at ?? Date.now();
  const seconds = secondsOf(points);
  const x = point => width - left - (now - point.at) / 1000 / seconds * (width - 2 * left);
  const sum = (point, upTo) => {
    let all = 0;
    for (let i = 0; i <= upTo; i++) all += layers[i].value(point) ?? 0;
    return all;
  };
  const value = (point, i) => stacked ? (layers[i].value(point) === undefined ? undefined : sum(point, i)) : layers[i].value(point);
  const most = nice(Math.max(...points.map(point => Math.max(...layers.map((_, i) => value(point, i) ?? 0))), 0));
  const y = amount => height - bottom - amount / most * (height - top - bottom);

  pen.font = '11px system-ui, sans-serif';
  pen.fillStyle = colour('quiet');
  pen.strokeStyle = colour('line');
  pen.lineWidth = 1;
  for (const amount of [0, most / 2, most]) {
    pen.beginPath();
    pen.moveTo(left, Math.round(y(amount)) + .5);
    pen.lineTo(width - left, Math.round(y(amount)) + .5);
    pen.stroke();
  }
  pen.fillText(`${seconds < 100 ? Math.round(seconds) + ' s' : Math.round(seconds / 60) + ' min'} ago`, left, height - 3);
  pen.textAlign = 'right';
  pen.fillText('now', width - left, height - 3);

  for (let i = layers.length - 1; i >= 0; i--) {
    pen.strokeStyle = pen.fillStyle = colour(layers[i].name);
    pen.lineWidth = 1.5;
    for (const run of runs(points, x, point => value(point, i))) {
      pen.beginPath();
      for (const [at, amount] of run) pen.lineTo(at, y(amount));
      if (run.length === 1) pen.lineTo(run[0][0] + 1, y(run[0][1]));
      pen.stroke();
      if (!stacked) continue;
      const lower = i === 0 ? [[run.at(-1)[0], 0], [run[0][0], 0]] : run.map(([at, , point]) => [at, value(point, i - 1)]).reverse();
      for (const [at, amount] of lower) pen.lineTo(at, y(amount));
      pen.globalAlpha = i === 0 ? .16 : .5;
      pen.fill();
      pen.globalAlpha = 1;
    }
  }
  pen.textAlign = 'left';
  pen.fillStyle = colour('quiet');
  pen.fillText(format(most), left + 2, top + 10);
}

/** The point that is nearest to a place on a chart; null for none. */
export function pointAt(canvas, points, clientX) {
  const box = canvas.getBoundingClientRect();
  const now = points.at(-1)?.at;
  if (!now) return null;
  const at = now - (box.right - 4 - clientX) / (box.width - 8) * secondsOf(points) * 1000;
  const nearest = points.reduce((best, point) => Math.abs(point.at - at) < Math.abs(best.at - at) ? point : best);
  return Math.abs(nearest.at - at) < 3000 ? nearest : null;
}

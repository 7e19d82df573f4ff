/** One line of a plot. */
export interface Series {
  name: string;
  points: readonly (readonly [x: number, y: number])[];
}

const size = { width: 640, height: 320, left: 70, right: 20, top: 40, bottom: 50 } as const;
const colours = ["#1f6feb", "#d1242f", "#1a7f37", "#9a6700"] as const;

/** A line plot as SVG; the y axis begins at 0, the x axis is logarithmic on request. */
export function plot(options: {
  title: string;
  x: string;
  y: string;
  logarithmic?: boolean;
  series: Series[];
}): string {
  const points = options.series.flatMap((series) => series.points);
  const scaleX = (x: number): number => (options.logarithmic === true ? Math.log10(x) : x);
  const xs = points.map(([x]) => scaleX(x));
  const [minX, maxX] = [Math.min(...xs), Math.max(...xs)];
  const maxY = niceMaximum(Math.max(...points.map(([, y]) => y)));
  const innerWidth = size.width - size.left - size.right;
  const innerHeight = size.height - size.top - size.bottom;
  const px = (x: number): string => (size.left + ((scaleX(x) - minX) / (maxX - minX || 1)) * innerWidth).toFixed(1);
  const py = (y: number): string => (size.top + innerHeight - (y / maxY) * innerHeight).toFixed(1);
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => share * maxY);
  const marks = [...new Set(points.map(([x]) => x))].toSorted((a, b) => a - b);
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" font-family="sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    `<text x="${size.left}" y="20" font-size="14" font-weight="bold">${escaped(options.title)}</text>`,
    ...ticks.map(
      (y) =>
        `<line x1="${size.left}" x2="${size.width - size.right}" y1="${py(y)}" y2="${py(y)}" stroke="#ddd"/>` +
        `<text x="${size.left - 6}" y="${py(y)}" text-anchor="end" dominant-baseline="middle">${short(y)}</text>`,
    ),
    ...marks.map(
      (x) => `<text x="${px(x)}" y="${size.height - size.bottom + 18}" text-anchor="middle">${short(x)}</text>`,
    ),
    `<text x="${size.left + innerWidth / 2}" y="${size.height - 10}" text-anchor="middle">${escaped(options.x)}</text>`,
    `<text transform="translate(14 ${size.top + innerHeight / 2}) rotate(-90)" text-anchor="middle">${escaped(options.y)}</text>`,
    ...options.series.flatMap((series, index) => {
      const colour = colours[index % colours.length];
      const path = series.points.map(([x, y]) => `${px(x)},${py(y)}`).join(" ");
      return [
        `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${path}"/>`,
        ...series.points.map(([x, y]) => `<circle cx="${px(x)}" cy="${py(y)}" r="3" fill="${colour}"/>`),
        `<text x="${size.width - size.right}" y="${20 + index * 15}" text-anchor="end" fill="${colour}">${escaped(series.name)}</text>`,
      ];
    }),
    "</svg>",
  ];
  return `${lines.join("\n")}\n`;
}

/** The next number of the form 1, 2 or 5 times a power of ten. Pure. */
export function niceMaximum(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value || 1));
  return [1, 2, 5, 10].map((factor) => factor * power).find((nice) => nice >= value) ?? value;
}

function short(value: number): string {
  if (value >= 1_000_000) {
    return `${value / 1_000_000}M`;
  }
  return value >= 10_000 ? `${Number((value / 1_000).toPrecision(3))}k` : String(Number(value.toPrecision(3)));
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

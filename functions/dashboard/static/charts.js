// Draws each chart from the table below it, so that the page has each number only once.
"use strict";

const Charts = (() => {
  const SERIES = ["--first", "--second", "--third"];
  const drawn = new Set();

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const faded = (hex, share) => hex + Math.round(share * 255).toString(16).padStart(2, "0");
  const day = (iso, options) =>
    new Date(`${iso}T00:00:00Z`).toLocaleDateString("en-GB", { timeZone: "UTC", ...options });

  // The table has the newest day first; a chart has it last. An empty cell: the day is not counted.
  function read(table) {
    const rows = [...table.tBodies[0].rows].reverse();
    const value = (cell) => (cell.textContent === "" ? null : Number(cell.textContent.replaceAll(",", "")));
    return {
      days: rows.map((row) => row.cells[0].textContent),
      series: [...table.tHead.rows[0].cells].slice(1).map((heading, index) => ({
        label: heading.textContent,
        data: rows.map((row) => value(row.cells[index + 1])),
      })),
    };
  }

  function dataset(kind, series, index) {
    const line = colour(SERIES[index]);
    if (kind === "stack" || kind === "bars") {
      return {
        ...series,
        backgroundColor: line,
        hoverBackgroundColor: line,
        borderColor: colour("--paper"),
        borderWidth: kind === "stack" ? { top: index ? 1 : 0 } : 0,
        borderRadius: kind === "bars" ? 3 : 0,
        maxBarThickness: 22,
        categoryPercentage: 0.9,
        barPercentage: 0.9,
      };
    }
    return {
      ...series,
      borderColor: line,
      backgroundColor: faded(line, kind === "areas" ? 0.14 : 0.06),
      fill: kind === "areas" || index === 2 ? "origin" : false,
      borderWidth: 2,
      pointRadius: 0,
      pointHoverRadius: 4,
      pointHoverBackgroundColor: line,
      pointHoverBorderColor: colour("--paper"),
      pointHoverBorderWidth: 2,
      cubicInterpolationMode: "monotone",
    };
  }

  function options(kind) {
    const ticks = { color: colour("--soft"), font: { size: 12 } };
    const stacked = kind === "stack";
    return {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      normalized: true,
      interaction: { mode: "index", intersect: false },
      scales: {
        x: {
          stacked,
          border: { display: false },
          grid: { display: false },
          ticks: {
            ...ticks,
            autoSkipPadding: 28,
            maxRotation: 0,
            callback(value) {
              return day(this.getLabelForValue(value), { day: "numeric", month: "short" });
            },
          },
        },
        y: {
          stacked,
          beginAtZero: true,
          border: { display: false },
          grid: { color: colour("--grid"), drawTicks: false },
          ticks: { ...ticks, precision: 0, maxTicksLimit: 6, padding: 8 },
        },
      },
      plugins: {
        legend: { display: false },
        tooltip: {
          backgroundColor: colour("--ink"),
          titleColor: colour("--paper"),
          bodyColor: colour("--paper"),
          padding: 12,
          cornerRadius: 10,
          boxPadding: 6,
          usePointStyle: true,
          callbacks: {
            title: ([point]) => day(point.label, { weekday: "short", day: "numeric", month: "long", year: "numeric" }),
          },
        },
      },
    };
  }

  function label(legend, series) {
    const key = (name, index) => {
      const entry = document.createElement("span");
      entry.innerHTML = '<svg viewBox="0 0 10 10"><circle cx="5" cy="5" r="5"/></svg>';
      entry.querySelector("circle").setAttribute("fill", colour(SERIES[index]));
      entry.append(name);
      return entry;
    };
    legend.replaceChildren(...(series.length > 1 ? series.map((each, index) => key(each.label, index)) : []));
  }

  function draw() {
    drawn.forEach((chart) => chart.destroy());
    drawn.clear();
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    for (const canvas of document.querySelectorAll("canvas[data-chart]")) {
      const { chart: kind, table } = canvas.dataset;
      const { days, series } = read(document.querySelector(`#${table} table`));
      label(document.querySelector(`[data-legend="${table}"]`), series);
      drawn.add(
        new Chart(canvas, {
          type: kind === "stack" || kind === "bars" ? "bar" : "line",
          data: { labels: days, datasets: series.map((each, index) => dataset(kind, each, index)) },
          options: options(kind),
        }),
      );
    }
  }

  return { draw };
})();

// Draws the charts of a Tamis page. Each <figure class="chart"> holds a <div class="canvas"> and its ECharts option as
// JSON, with a few words of our own where JSON cannot say it:
//   a colour "var(--name)"             the colour of that name in the style sheet, so charts follow the theme
//   axisLabel.formatter "signed" ...   one of `formats` below
//   a data item's `tip`                the lines of its tooltip, as plain text
(() => {
  'use strict';

  const round = (value) => Number(value.toPrecision(10));
  const plain = (value) => round(value).toLocaleString('en-US', {maximumSignificantDigits: 6}).replace('-', '\u2212');
  const compact = (value) =>
    value >= 1e6 ? plain(value / 1e6) + 'M' : value >= 1e4 ? plain(value / 1e3) + 'k' : plain(value);
  const signed = (value) => (round(value) > 0 ? '+' : '') + plain(value);
  const percent = (value) => signed(value * 100) + '\u00a0%';
  const formats = {plain, compact, signed, percent};

  const kNarrow = 560;
  const dark = matchMedia('(prefers-color-scheme: dark)');
  let style = getComputedStyle(document.documentElement);

  const colour = (name) => style.getPropertyValue(name.slice(4, -1)).trim();

  // Only these keys are read as colours and formats: a candidate may be called "var(--x)".
  function themed(node, key) {
    if (Array.isArray(node)) return node.map((item) => themed(item, key));
    if (node && typeof node === 'object') {
      return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, themed(value, name)]));
    }
    if (typeof node === 'string') {
      if (/color$/i.test(key) && node.startsWith('var(--')) return colour(node);
      if (key === 'formatter' && Object.hasOwn(formats, node)) return formats[node];
    }
    return node;
  }

  const escaped = (text) => {
    const holder = document.createElement('span');
    holder.textContent = text;
    return holder.innerHTML;
  };

  function tooltip() {
    return {
      trigger: 'item',
      confine: true,
      transitionDuration: 0,
      backgroundColor: colour('var(--paper)'),
      borderColor: colour('var(--line)'),
      textStyle: {color: colour('var(--ink)'), fontSize: 13},
      extraCssText: 'max-width:320px;white-space:normal;box-shadow:0 2px 12px rgba(0,0,0,.18)',
      formatter: (point) => {
        const lines = (point.data && point.data.tip) || [];
        return lines.map((line, i) => (i ? escaped(line) : '<b>' + escaped(line) + '</b>')).join('<br>');
      },
    };
  }

  // Labels of rows get a share of the width and no more, so that a long name never squeezes the picture away.
  function fitted(option, width) {
    const narrow = width < kNarrow;
    const rows = Array.isArray(option.yAxis) ? option.yAxis : [option.yAxis];
    for (const axis of rows) {
      if (!axis || axis.type !== 'category') continue;
      axis.axisLabel = {...axis.axisLabel, width: Math.round(Math.min(230, width * (narrow ? 0.34 : 0.26)))};
      if (narrow) axis.axisLabel.fontSize = 11;
    }
    // Every second label, counted from zero, where all of them would run into each other.
    const values = option.xAxis;
    if (narrow && values && values.interval && (values.max - values.min) / values.interval > 3.5) {
      const format = values.axisLabel.formatter;
      values.axisLabel.formatter = (value) => (Math.round(value / values.interval) % 2 ? '' : format(value));
    }
    return option;
  }

  function draw(figure) {
    const canvas = figure.querySelector('.canvas');
    const text = figure.querySelector('script').textContent;
    const old = echarts.getInstanceByDom(canvas);
    if (old) old.dispose();
    const font = getComputedStyle(document.body).fontFamily;
    const option = fitted(themed(JSON.parse(text), ''), canvas.clientWidth);
    const chart = echarts.init(canvas, null, {renderer: 'svg'});
    chart.setOption({
      ...option,
      animation: false,
      backgroundColor: 'transparent',
      textStyle: {color: colour('var(--ink)'), fontFamily: font},
      tooltip: tooltip(),
    });
    figure.dataset.width = canvas.clientWidth;
  }

  function draw_all() {
    style = getComputedStyle(document.documentElement);
    for (const figure of document.querySelectorAll('figure.chart')) {
      try {
        draw(figure);
      } catch (error) {
        figure.classList.add('failed');
        setTimeout(() => { throw error; });
      }
    }
  }

  let waiting = 0;
  function resized() {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      const figures = [...document.querySelectorAll('figure.chart')];
      if (figures.some((f) => Number(f.dataset.width) !== f.querySelector('.canvas').clientWidth)) draw_all();
    }, 120);
  }

  // Paper is light, narrow, and cannot open a <details>.
  let closed = [];
  addEventListener('beforeprint', () => {
    closed = [...document.querySelectorAll('details:not([open])')];
    for (const box of closed) box.open = true;
    document.documentElement.classList.add('printing');
    draw_all();
  });
  addEventListener('afterprint', () => {
    for (const box of closed) box.open = false;
    document.documentElement.classList.remove('printing');
    draw_all();
  });

  addEventListener('resize', resized);
  dark.addEventListener('change', draw_all);
  draw_all();
})();

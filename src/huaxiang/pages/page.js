(function () {
  "use strict";
  var root = document.documentElement, key = "huaxiang-language";
  function remembered() { try { return localStorage.getItem(key); } catch (e) { return null; } }
  function remember(lang) { try { localStorage.setItem(key, lang); } catch (e) { /* private window */ } }
  var asked = /[?&]lang=(en|zh)\b/.exec(location.search);
  var lang = (asked && asked[1]) || remembered();
  if (lang !== "en" && lang !== "zh") { lang = /^zh\b/i.test(navigator.language || "") ? "zh" : "en"; }
  function show(next) {
    lang = next;
    root.dataset.language = lang;
    root.lang = lang === "zh" ? "zh-Hans" : "en";
    document.querySelectorAll("[data-set]").forEach(function (b) {
      b.setAttribute("aria-pressed", String(b.dataset.set === lang));
    });
  }
  show(lang);  // before anything is painted

  function boxes() { return document.querySelectorAll(".chart"); }
  function draw(width) {
    if (!window.Plotly) { return; }
    boxes().forEach(function (box) {
      var figure = JSON.parse(document.getElementById(box.dataset.figure).textContent)[lang];
      figure.layout.width = width || box.parentElement.clientWidth;
      if (figure.layout.width < 560) {  // a telephone: short numbers, upright
        figure.layout.font.size = 11;
        figure.layout.xaxis.tickangle = 0;
        if (figure.layout.xaxis.tickformat === ",~r") { figure.layout.xaxis.tickformat = "~s"; }
        if (figure.layout.xaxis.type !== "log") { figure.layout.xaxis.nticks = 5; }
      }
      box.style.height = figure.layout.height + "px";
      window.Plotly.react(box, figure.data, figure.layout, { displayModeBar: false });
    });
  }
  document.addEventListener("DOMContentLoaded", function () {
    show(lang);
    draw();
    document.querySelectorAll("[data-set]").forEach(function (b) {
      b.addEventListener("click", function () { show(b.dataset.set); remember(lang); draw(); });
    });
  });
  var later, drawn = root.clientWidth;
  window.addEventListener("resize", function () {
    clearTimeout(later);
    later = setTimeout(function () {
      if (root.clientWidth !== drawn) { drawn = root.clientWidth; draw(); }
    }, 150);
  });
  window.addEventListener("beforeprint", function () { draw(670); });
  window.addEventListener("afterprint", function () { draw(); });
})();

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
      if (figure.layout.width < 560) {  // a telephone: short numbers, upright, and a title in two lines
        figure.layout.font.size = 11;
        figure.layout.xaxis.tickangle = 0;
        if (figure.layout.xaxis.tickformat === ",~r") { figure.layout.xaxis.tickformat = "~s"; }
        if (figure.layout.xaxis.type !== "log") { figure.layout.xaxis.nticks = 5; }
        var title = figure.layout.xaxis.title, lines = title && title.text.replace(/, /, ",<br>").replace(/（/, "<br>（");
        if (title && lines !== title.text) { title.text = lines; figure.layout.height += 16; }
      }
      box.style.height = figure.layout.height + "px";
      window.Plotly.react(box, figure.data, figure.layout, { displayModeBar: false });
    });
  }
  function decoded(text) { try { return decodeURIComponent(text); } catch (e) { return text; } }  // 50% is no escape
  function unfold() {  // what a link leads to lies in folds, and is one
    var place = location.hash && (document.getElementById(location.hash.slice(1)) || document.getElementById(decoded(location.hash.slice(1))));
    for (var fold = place; fold; fold = fold.parentElement) { if (fold.tagName === "DETAILS") { fold.open = true; } }
    if (place) { place.scrollIntoView(); }
  }
  window.addEventListener("hashchange", unfold);
  function sift(box) {  // lines without the words that were typed are hidden, and headings over none
    var words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    document.querySelectorAll("[data-words]").forEach(function (line) {
      var text = line.dataset.words.toLowerCase();
      line.hidden = !words.every(function (word) { return text.indexOf(word) >= 0; });
    });
    document.querySelectorAll("[data-sifted]").forEach(function (part) {
      part.hidden = !part.querySelector("[data-words]:not([hidden])");
    });
  }
  document.addEventListener("DOMContentLoaded", function () {
    show(lang);
    unfold();
    document.querySelectorAll("[data-sift]").forEach(function (box) {
      box.hidden = false;
      box.addEventListener("input", function () { sift(box); });
    });
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

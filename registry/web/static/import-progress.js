// Moves the bar while a file is checked or recorded, and opens the page anew when that is over.
const bar = document.getElementById("progress");

async function look() {
  const answer = await fetch(bar.dataset.from, { headers: { Accept: "application/json" } });
  if (!answer.ok) {
    return;
  }
  const now = await answer.json();
  if (now.state !== bar.dataset.state) {
    location.reload();
    return;
  }
  if (now.done > 0) {
    bar.max = Math.max(now.total, 1);
    bar.value = now.done;
  }
  setTimeout(look, 1000);
}

if (bar) {
  setTimeout(look, 1000);
}

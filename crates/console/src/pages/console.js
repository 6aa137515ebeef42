// Local times and live lists. Everything else works without this.
'use strict';

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const format = new Intl.DateTimeFormat(undefined, {
  dateStyle: 'medium', timeStyle: 'medium', timeZone: zone,
});

function showLocal(time) {
  const at = new Date(time.dateTime);
  if (!Number.isNaN(at.getTime())) {
    time.title = time.textContent;
    time.textContent = format.format(at);
  }
}

document.querySelectorAll('time').forEach(showLocal);
const footer = document.querySelector('[data-zone]');
if (footer && zone) footer.parentElement.textContent = `Times are in ${zone}; point at one to see it in UTC.`;

const MOST = 20;
document.querySelectorAll('[data-live]').forEach((list) => {
  const events = new EventSource(list.dataset.live);
  events.addEventListener('line', (event) => {
    const line = JSON.parse(event.data);
    const item = document.createElement('li');
    const time = document.createElement('time');
    time.dateTime = line.at;
    time.textContent = line.at;
    showLocal(time);
    const what = [line.integration_id, line.object_id || line.action, line.outcome, line.detail];
    // As text: what a line says is never read as HTML.
    item.append(time, ` ${what.filter(Boolean).join(', ')}`);
    if (line.request_id && !line.action && !line.operator) {
      const link = document.createElement('a');
      const source = encodeURIComponent(line.request_source);
      link.href = `/requests/${encodeURIComponent(line.request_id)}?source=${source}`;
      link.textContent = 'why';
      item.append(' ', link);
    }
    list.prepend(item);
    while (list.children.length > MOST) list.lastElementChild.remove();
  });
});

document.querySelectorAll('[data-job]').forEach((text) => {
  const events = new EventSource(text.dataset.job);
  events.addEventListener('job', (event) => {
    const job = JSON.parse(event.data);
    if (job.status !== 'running') {
      events.close();
      window.location.reload();
    } else if (job.what) {
      text.textContent = job.of === null ? `${job.done} ${job.what}` : `${job.done} of ${job.of} ${job.what}`;
    }
  });
});

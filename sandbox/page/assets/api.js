// The control API and the live connection.

export class ControlError extends Error {
  constructor(answer) {
    super(answer.error);
    this.answer = answer;
  }
}

async function call(method, path, body) {
  const response = await fetch(`/control/${path}`, {
    method,
    headers: body ? { "Content-Type": "application/json" } : {},
    body: body ? JSON.stringify(body) : undefined,
  });
  const answer = await response.json();
  if (!response.ok) throw new ControlError(answer);
  return answer;
}

export const get = (path) => call("GET", path);
export const post = (path, body = {}) => call("POST", path, body);
export const remove = (path) => call("DELETE", path);

// Uploads one file; `progress` is called with a share between 0 and 1.
export function upload(query, file, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/control/upload?${new URLSearchParams(query)}`);
    request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    request.onerror = () => reject(new ControlError({ error: "upload_failed" }));
    request.onload = () => {
      const answer = JSON.parse(request.responseText);
      if (request.status < 400) resolve(answer.file);
      else reject(new ControlError(answer));
    };
    request.send(file);
  });
}

// Follows the journal from entry `since`; reconnects and goes on where it was.
export function follow(person, since, onEntry, onState) {
  let last = since;
  let socket = null;
  let inspecting = false;
  const connect = () => {
    const address = new URL(`/page/live?as=${encodeURIComponent(person)}&since=${last}`, location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    socket = new WebSocket(address);
    socket.onopen = () => {
      onState(true);
      if (inspecting) socket.send(JSON.stringify({ inspect: true }));
    };
    socket.onmessage = (event) => {
      const entry = JSON.parse(event.data);
      last = entry.seq;
      onEntry(entry);
    };
    socket.onclose = () => {
      onState(false);
      setTimeout(connect, 1000);
    };
  };
  connect();
  return {
    inspect(on) {
      inspecting = on;
      if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ inspect: on }));
    },
  };
}

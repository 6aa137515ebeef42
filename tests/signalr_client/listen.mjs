// Listens to a hub with SignalR's own client, and prints one JSON object a line: connected, row, closed or failed.
//
//   TOKEN=… node listen.mjs URL
import { HubConnectionBuilder, LogLevel } from "@microsoft/signalr";

const print = (line) => console.log(JSON.stringify(line));
const connection = new HubConnectionBuilder()
  .withUrl(process.argv[2], { accessTokenFactory: () => process.env.TOKEN })
  .configureLogging(LogLevel.None)
  .build();
connection.on("ReceiveMessage", (row) => print({ row }));
connection.onclose((error) => print({ closed: String(error ?? "") }));
try {
  await connection.start();
  print({ connected: true });
} catch (error) {
  print({ failed: String(error) });
  process.exitCode = 1;
}

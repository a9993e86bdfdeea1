package io.quorate.tools.nodetool;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.quorate.tools.AdminClient;
import io.quorate.tools.Json;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** If this breaks, a compaction that a script asks for ends in an error, although it goes on. */
class TaskWatchTest {

  /** Tests have no console, as a script has none. */
  @Test
  void withoutATerminalTheTasksAreWaitedForInSilence() throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1);
    int[] looks = {0};
    server.createContext(
        "/v1/tasks/7",
        exchange -> {
          String state = ++looks[0] < 3 ? "RUNNING" : "DONE";
          byte[] body = ("{\"state\": \"" + state + "\"}").getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.start();
    try {
      StringWriter progress = new StringWriter();
      AdminClient node = new AdminClient("127.0.0.1", server.getAddress().getPort(), 10_000);
      List<Json> over = new TaskWatch(node, new PrintWriter(progress)).untilOver(List.of(7L));
      assertThat(over).singleElement().extracting(task -> task.text("state")).isEqualTo("DONE");
      assertThat(looks[0]).isEqualTo(3);
      assertThat(progress.toString()).isEmpty();
    } finally {
      server.stop(0);
    }
  }
}

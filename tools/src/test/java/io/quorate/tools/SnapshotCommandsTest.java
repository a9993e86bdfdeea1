package io.quorate.tools;

import static org.assertj.core.api.Assertions.assertThat;

import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.cql.Row;
import io.quorate.environment.real.RealEnvironment;
import io.quorate.node.ConfigFile;
import io.quorate.node.Node;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The night that an operator restores a backup is not the night to learn that it does not work. */
class SnapshotCommandsTest {
  private static final int ROWS = 150;

  @TempDir Path directory;

  /** A cluster of one node in this process. */
  private final class Server implements AutoCloseable {
    private final String address;
    private final RealEnvironment world;
    private final Node node;

    Server(String address) throws Exception {
      this.address = address;
      CompletableFuture<Boolean> ready = new CompletableFuture<>();
      world = new RealEnvironment(2, ready::completeExceptionally);
      String yaml = "cluster_name: c" + address + "\nlisten_address: " + address + "\n";
      Path home = directory.resolve(address);
      node =
          new Node(
              world.environment(),
              ConfigFile.parse("test", yaml, home, 256L << 20, 2),
              new Node.Listener() {
                @Override
                public void ready() {
                  ready.complete(true);
                }

                @Override
                public void failed(String why) {
                  ready.completeExceptionally(new IllegalStateException(why));
                }
              });
      node.start();
      ready.get(60, TimeUnit.SECONDS);
    }

    CqlSession connect() {
      return CqlSession.builder()
          .addContactPoint(new InetSocketAddress(address, 9042))
          .withLocalDatacenter("datacenter1")
          .build();
    }

    /** What nodetool prints; it must end with this code. */
    String tool(int code, String... arguments) {
      StringWriter out = new StringWriter();
      StringWriter err = new StringWriter();
      CommandLine line = Quorate.commandLine();
      line.setOut(new PrintWriter(out));
      line.setErr(new PrintWriter(err));
      Stream<String> all =
          Stream.concat(Stream.of("nodetool", "-H", address), Stream.of(arguments));
      assertThat(line.execute(all.toArray(String[]::new))).as("%s%s", out, err).isEqualTo(code);
      return out + err.toString();
    }

    @Override
    public void close() {
      CompletableFuture<Boolean> stopped = new CompletableFuture<>();
      node.stop(() -> stopped.complete(true));
      stopped.orTimeout(60, TimeUnit.SECONDS).join();
      world.close();
    }
  }

  private static Map<Integer, String> rows(CqlSession session) {
    Map<Integer, String> rows = new TreeMap<>();
    for (Row row : session.execute("SELECT k, v FROM app.t")) {
      rows.put(row.getInt(0), row.getString(1));
    }
    return rows;
  }

  @Test
  void whatWasExportedComesBackAlsoInAnotherCluster() throws Exception {
    Path backup = directory.resolve("backup");
    try (Server first = new Server("127.0.61.1");
        Server second = new Server("127.0.61.2")) {
      Map<Integer, String> model = new TreeMap<>();
      try (CqlSession session = first.connect()) {
        session.execute(
            "CREATE KEYSPACE app WITH replication = {'class': 'SimpleStrategy',"
                + " 'replication_factor': 1}");
        session.execute("CREATE TABLE app.t (k int PRIMARY KEY, z int, gone int, v text)");
        session.execute("ALTER TABLE app.t DROP gone");
        for (int k = 0; k < ROWS; k++) {
          session.execute("INSERT INTO app.t (k, z, v) VALUES (?, ?, ?)", k, -k, "v" + k);
          model.put(k, "v" + k);
        }
        assertThat(first.tool(0, "snapshot", "-t", "one", "app"))
            .startsWith("snapshot one: 1 table, ");
        assertThat(first.tool(1, "snapshot", "-t", "one")).contains("already");
        assertThat(first.tool(0, "listsnapshots")).contains("one", "never", "complete");
        assertThat(first.tool(0, "-o", "json", "listsnapshots")).contains("\"app.t\"");
        assertThat(first.tool(0, "verifysnapshot", "one")).isEqualTo("snapshot one is whole\n");
        assertThat(first.tool(0, "export", "one", backup.toString())).startsWith("exported one: ");
        assertThat(first.tool(0, "export", "one", backup.toString())).contains("; copied 0, 0 B");

        session.execute("TRUNCATE app.t");
        assertThat(rows(session)).isEmpty();
        assertThat(first.tool(0, "import", backup.toString(), "one", "app.t"))
            .startsWith("imported 1 table from 1 node: ");
        assertThat(rows(session)).isEqualTo(model);
      }

      try (CqlSession session = second.connect()) {
        assertThat(second.tool(1, "import", backup.toString(), "one"))
            .contains("app.t", "create it first");
        for (String statement : Files.readString(schema(backup)).split(";\n")) {
          session.execute(statement.strip());
        }
        assertThat(second.tool(0, "import", backup.toString(), "one")).contains("1 table");
        assertThat(rows(session)).isEqualTo(model);
      }

      damage(directory.resolve("127.0.61.1/data/storage/snapshots/one"));
      assertThat(first.tool(1, "verifysnapshot", "one")).contains("checksum", "is damaged: 1 file");
      assertThat(first.tool(0, "clearsnapshot", "one")).isEqualTo("cleared snapshot one\n");
      assertThat(first.tool(0, "listsnapshots")).isEqualTo("no snapshots\n");
      assertThat(first.tool(1, "clearsnapshot", "one")).contains("there is no snapshot one");
      assertThat(first.tool(1, "snapshot", "-t", "../up")).contains("a name has");
    }
  }

  private static Path schema(Path backup) throws IOException {
    try (Stream<Path> all = Files.walk(backup)) {
      return all.filter(path -> path.endsWith("schema.cql")).findFirst().orElseThrow();
    }
  }

  private static void damage(Path snapshot) throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.walk(snapshot)) {
      files = all.filter(path -> path.toString().endsWith(".sst")).toList();
    }
    byte[] bytes = Files.readAllBytes(files.getFirst());
    bytes[100] ^= 1;
    Files.write(files.getFirst(), bytes);
  }
}

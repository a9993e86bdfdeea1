package io.quorate.node;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.node.RawClient.Answer;
import io.quorate.node.ServerProcesses.Server;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whatever arrives on a port, one client's nonsense must get one clear error and nobody else may
 * notice. The node is a real process, so that one which ends itself is seen to be gone.
 */
class BadInputTest {
  private static final String HOST = "127.0.16.1";
  private static final int CQL = 9042;
  private static final int ADMIN = 7080;
  private static final int INTERNODE = 7000;
  private static final long SEED = 20_261_120;

  @TempDir static Path directory;
  private static final ServerProcesses PROCESSES = new ServerProcesses();
  private static Server server;
  private static int outputSeen;

  @BeforeAll
  static void start() throws Exception {
    server =
        PROCESSES
            .start(directory, "cluster_name: bad-input\nshards: 2\nlisten_address: " + HOST + "\n")
            .awaitReady();
    try (RawClient client = new RawClient(HOST, CQL).startUp()) {
      for (String cql :
          List.of(
              "CREATE KEYSPACE app WITH replication = {'class': 'SimpleStrategy',"
                  + " 'replication_factor': 1}",
              "CREATE TYPE app.pair (a int, b text)",
              "CREATE TABLE app.t (k int PRIMARY KEY, i int, l bigint, u uuid, z boolean, a ascii,"
                  + " s text, n inet, d decimal, r duration, y date, m time, f float, e smallint,"
                  + " q timeuuid, li list<int>, ma map<text, int>, tu tuple<int, text>,"
                  + " pa frozen<pair>)",
              "CREATE TABLE app.c (k int, c int, s int static, v int, PRIMARY KEY (k, c))",
              "INSERT INTO app.c (k, c, s, v) VALUES (1, 1, 1, 1)",
              "INSERT INTO app.c (k, c, v) VALUES (1, 2, 2)",
              "INSERT INTO app.c (k, c, v) VALUES (2, 1, 1)",
              "INSERT INTO app.t (k, i) VALUES (1, 42)")) {
        Answer answer = client.query(cql);
        assertThat(answer.opcode())
            .as(() -> cql + ": " + answer.errorMessage())
            .isEqualTo(RawClient.RESULT);
      }
    }
  }

  @AfterAll
  static void stop() {
    PROCESSES.close();
  }

  @AfterEach
  void theNodeStillServes() throws IOException {
    try (RawClient client = new RawClient(HOST, CQL).startUp()) {
      Answer answer = client.query("SELECT i FROM app.t WHERE k = 1");
      assertThat(answer.opcode()).isEqualTo(RawClient.RESULT);
      assertThat(HexFormat.of().formatHex(answer.body())).endsWith("00000001000000040000002a");
    }
    assertThat(server.errors()).isEmpty();
    // What the code did not foresee is logged with a stack trace; none of this may be that.
    String output = server.output();
    String since = output.substring(outputSeen);
    outputSeen = output.length();
    assertThat(since).doesNotContain("a task failed");
    assertThat(since).as("a buffer that nobody gave back").doesNotContain("LEAK");
  }

  private static byte[] random(Random random, int mostBytes) {
    byte[] bytes = new byte[1 + random.nextInt(mostBytes)];
    random.nextBytes(bytes);
    return bytes;
  }

  private static void assertError(Answer answer, int code, String message) {
    assertThat(answer.opcode()).isEqualTo(RawClient.ERROR);
    assertThat(answer.errorMessage()).contains(message);
    assertThat(answer.errorCode()).isEqualTo(code);
  }

  @ParameterizedTest
  @ValueSource(ints = {CQL, ADMIN, INTERNODE})
  void garbageEndsThatConnectionOnly(int port) throws IOException {
    Random random = new Random(SEED + port);
    for (int i = 0; i < 200; i++) {
      try (RawClient client = new RawClient(HOST, port)) {
        client.send(random(random, 300));
        client.endOfInput().readToEnd();
      }
    }
  }

  @Test
  void aRequestThatIsCutAnywhereIsForgotten() throws IOException {
    byte[] startup = RawClient.frame(4, 0, RawClient.STARTUP, RawClient.startupBody());
    byte[] query =
        RawClient.frame(
            4,
            0,
            RawClient.QUERY,
            RawClient.queryBody("INSERT INTO app.t (k, i) VALUES (1, 0)".getBytes(UTF_8)));
    for (int length = 0; length < startup.length; length++) {
      try (RawClient client = new RawClient(HOST, CQL)) {
        client.send(Arrays.copyOf(startup, length));
        assertThat(client.endOfInput().readToEnd()).isEmpty();
      }
    }
    for (int length = 1; length < query.length; length++) {
      try (RawClient client = new RawClient(HOST, CQL).startUp()) {
        client.send(Arrays.copyOf(query, length));
        assertThat(client.endOfInput().readToEnd()).isEmpty();
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "2147483647, Request is too big: length 2147483647",
    "268435457, Request is too big: length 268435457",
    "-1, Invalid frame body length: -1",
  })
  void aLengthThatNobodyMeansIsRefused(int length, String message) throws IOException {
    try (RawClient client = new RawClient(HOST, CQL).startUp()) {
      client.send(RawClient.header(4, 7, RawClient.QUERY, length, new byte[0]));
      Answer answer = client.read();
      assertError(answer, RawClient.PROTOCOL_ERROR, message);
      assertThat(answer.stream()).isEqualTo(7);
      assertThat(client.readToEnd()).as("closed").isEmpty();
    }
  }

  /** The heap is 256 MB: memory that a header only claims must not be taken. */
  @Test
  void aLengthThatIsOnlyClaimedTakesNoMemory() throws IOException {
    List<RawClient> clients = new ArrayList<>();
    try {
      for (int i = 0; i < 50; i++) {
        RawClient client = new RawClient(HOST, CQL).startUp();
        clients.add(client);
        client.send(RawClient.header(4, 0, RawClient.QUERY, 200 << 20, new byte[100]));
      }
      theNodeStillServes();
    } finally {
      for (RawClient client : clients) {
        client.close();
      }
    }
  }

  @Test
  void anOpcodeThatIsUnknownOrComesFromServersIsRefused() throws IOException {
    try (RawClient client = new RawClient(HOST, CQL).startUp()) {
      client.send(RawClient.frame(4, 9, 0x77, new byte[0]));
      Answer answer = client.read();
      assertError(answer, RawClient.PROTOCOL_ERROR, "Unknown opcode 119");
      assertThat(answer.stream()).isEqualTo(9);
      assertThat(client.readToEnd()).isEmpty();
    }
    for (byte[] wrong :
        List.of(
            RawClient.frame(0x84, 9, RawClient.QUERY, new byte[0]),
            RawClient.frame(4, 9, RawClient.RESULT, new byte[0]))) {
      try (RawClient client = new RawClient(HOST, CQL).startUp()) {
        client.send(wrong);
        assertError(client.read(), RawClient.PROTOCOL_ERROR, "Wrong protocol direction");
      }
    }
  }

  /** Drivers find out what is spoken here from this answer: its version and its text. */
  @ParameterizedTest
  @ValueSource(ints = {1, 3, 6, 66})
  void aVersionThatIsNotSpokenHereIsToldWhatIs(int version) throws IOException {
    try (RawClient client = new RawClient(HOST, CQL)) {
      client.send(RawClient.frame(version, 3, RawClient.STARTUP, RawClient.startupBody()));
      Answer answer = client.read();
      assertError(
          answer,
          RawClient.PROTOCOL_ERROR,
          "Invalid or unsupported protocol version ("
              + version
              + "); supported versions are (4/v4, 5/v5)");
      assertThat(answer.version()).isEqualTo(0x85);
      assertThat(answer.stream()).isEqualTo(3);
    }
  }

  @Test
  void aQueryBeforeTheStartIsRefusedAndTheStartMayFollow() throws IOException {
    try (RawClient client = new RawClient(HOST, CQL)) {
      assertError(
          client.query("SELECT i FROM app.t"),
          RawClient.PROTOCOL_ERROR,
          "Unexpected message QUERY, expecting STARTUP or OPTIONS");
      client.startUp();
    }
  }

  @Test
  void garbageInAVersion5ConnectionIsTold() throws IOException {
    try (RawClient client = new RawClient(HOST, CQL)) {
      client.send(RawClient.frame(5, 0, RawClient.STARTUP, RawClient.startupBody()));
      assertThat(client.read().opcode()).isEqualTo(RawClient.READY);
      client.send(new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9});
      String told = new String(client.readToEnd(), StandardCharsets.ISO_8859_1);
      assertThat(told).contains("Checksum of a segment's header");
    }
  }

  /** Good frames whose bodies have one byte changed, or are random: each has its one answer. */
  @Test
  void everyBodyHasItsAnswer() throws IOException {
    Random random = new Random(SEED);
    try (RawClient client = new RawClient(HOST, CQL).startUp()) {
      byte[] id = client.prepare("INSERT INTO app.t (k, s, li, ma) VALUES (?, ?, ?, ?)");
      byte[] four = {0, 0, 0, 4};
      byte[] list = {0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 9};
      byte[][] bodies = {
        RawClient.queryBody("SELECT i FROM app.t WHERE k = ?".getBytes(UTF_8), four),
        RawClient.executeBody(id, four, "text".getBytes(UTF_8), list, new byte[4]),
        RawClient.prepareBody("SELECT i FROM app.t WHERE k IN (?, ?)"),
        RawClient.bytes(out -> {
          out.writeByte(0);
          out.writeShort(1);
          out.writeByte(1);
          out.write(RawClient.executeBody(id), 0, 18);
          out.writeShort(1);
          out.writeInt(4);
          out.writeInt(5);
          out.writeShort(4);
          out.writeByte(0);
        }),
        RawClient.startupBody(),
      };
      int[] opcodes = {
        RawClient.QUERY, RawClient.EXECUTE, RawClient.PREPARE, RawClient.BATCH, RawClient.OPTIONS
      };
      for (int i = 0; i < 3_000; i++) {
        int kind = random.nextInt(opcodes.length);
        byte[] body = bodies[kind].clone();
        if (random.nextInt(4) == 0) {
          body = random(random, 80);
        } else {
          body[random.nextInt(body.length)] = (byte) random.nextInt();
        }
        int stream = i & 0x7FFF;
        client.send(RawClient.frame(4, stream, opcodes[kind], body));
        Answer answer = client.read();
        String what = opcodes[kind] + " " + HexFormat.of().formatHex(body);
        assertThat(answer.stream()).as(what).isEqualTo(stream);
        if (answer.opcode() == RawClient.ERROR) {
          assertThat(answer.errorMessage()).as(what).isNotBlank();
          assertThat(answer.errorCode()).as(what + ": " + answer.errorMessage()).isNotZero();
        }
      }
      // Some of them were valid after all.
      assertThat(client.query("INSERT INTO app.t (k, i) VALUES (1, 42)").opcode())
          .isEqualTo(RawClient.RESULT);
    }
  }

  /** A paging state carries a checksum, which anybody can compute. */
  @Test
  void aPagingStateThatIsMadeUpHasItsAnswer() throws IOException {
    Random random = new Random(SEED);
    String[] selects = {
      "SELECT v FROM app.c WHERE k = 1",
      "SELECT v FROM app.c WHERE k = 1 ORDER BY c DESC",
      "SELECT v FROM app.c WHERE k = 1 AND c > 1",
      "SELECT v FROM app.c WHERE k IN (1, 2)",
      "SELECT v FROM app.c",
      "SELECT v FROM app.c PER PARTITION LIMIT 1",
      "SELECT DISTINCT k, s FROM app.c",
      "SELECT count(*) FROM app.c WHERE k = 1",
      "SELECT v FROM app.c WHERE token(k) > 0 AND token(k) < 100",
      "SELECT v FROM app.c WHERE v = 1 LIMIT 5 ALLOW FILTERING",
    };
    int results = 0;
    try (RawClient client = new RawClient(HOST, CQL).startUp()) {
      for (int i = 0; i < 3_000; i++) {
        String select = selects[random.nextInt(selects.length)];
        byte[] state = madeUpPagingState(random);
        Answer answer = client.ask(RawClient.QUERY, RawClient.pageBody(select, state));
        String what = select + " " + HexFormat.of().formatHex(state);
        if (answer.opcode() == RawClient.ERROR) {
          assertThat(answer.errorMessage())
              .as(what)
              .isEqualTo("Invalid value for the paging state");
        } else {
          assertThat(answer.opcode()).as(what).isEqualTo(RawClient.RESULT);
          results++;
        }
      }
    }
    assertThat(results).as("some are as good as true ones").isBetween(300, 2_700);
  }

  /** In the format of {@code PagingState}: good parts, extremes and nonsense, put together. */
  private static byte[] madeUpPagingState(Random random) throws IOException {
    long[] numbers = {Long.MIN_VALUE, -1, 0, 1, 10, 1L << 31, Long.MAX_VALUE};
    long[] tokens = {Long.MIN_VALUE, -4069959284402364209L, 0, 50, Long.MAX_VALUE};
    byte[] head =
        RawClient.bytes(out -> {
          out.writeByte(1);
          out.writeByte(random.nextInt(4));
          out.writeLong(tokens[random.nextInt(tokens.length)]);
          out.writeLong(random.nextBoolean() ? 10 : numbers[random.nextInt(numbers.length)]);
          out.writeLong(random.nextBoolean() ? 10 : numbers[random.nextInt(numbers.length)]);
          byte[] key = random.nextBoolean() ? new byte[] {0, 0, 0, 1} : random(random, 20);
          out.writeShort(key.length);
          out.write(key);
          out.write(random(random, 12));
        });
    CRC32C crc = new CRC32C();
    crc.update(head);
    return RawClient.bytes(out -> {
      out.write(head);
      out.writeInt((int) crc.getValue());
    });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ";",
        "SELEKT * FROM app.t",
        "SELECT * FROM",
        "SELECT * FROM app.t WHERE",
        "SELECT * FROM app.t WHERE k = 'unclosed",
        "SELECT * FROM app.t WHERE k = \"unclosed",
        "SELECT * FROM app.t WHERE k = $$unclosed",
        "SELECT * FROM app.t /* unclosed",
        "SELECT * FROM app.t; DROP TABLE app.t",
        "INSERT INTO app.t (k) VALUES (1, 2",
        "INSERT INTO app.t (k, li) VALUES (1, [1, 2)",
        "\0\1\2",
        "💥",
        "SELECT i FROM app.t LIMIT 99999999999999999999x",
      })
  void whatIsNotCqlIsASyntaxError(String cql) throws IOException {
    try (RawClient client = new RawClient(HOST, CQL).startUp()) {
      for (int opcode : new int[] {RawClient.QUERY, RawClient.PREPARE}) {
        byte[] body =
            opcode == RawClient.QUERY
                ? RawClient.queryBody(cql.getBytes(UTF_8))
                : RawClient.prepareBody(cql);
        Answer answer = client.ask(opcode, body);
        assertError(answer, RawClient.SYNTAX_ERROR, "");
        assertThat(answer.errorMessage()).isNotBlank();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT * FROM app.nothing",
        "SELECT nothing FROM app.t",
        "SELECT i FROM app.t WHERE i = 1",
        "SELECT i FROM app.t WHERE k = 0x",
        "SELECT i FROM app.t WHERE k = 'text'",
        "SELECT i FROM app.t WHERE k = 99999999999999999999",
        "SELECT i FROM app.t WHERE k = 1 AND k = 2",
        "SELECT i FROM app.t LIMIT 0",
        "SELECT nofunction(i) FROM app.t",
        "INSERT INTO app.t (k) VALUES (1, 2)",
        "INSERT INTO app.t (i) VALUES (1)",
        "INSERT INTO app.t (k, i) VALUES (null, 1)",
        "INSERT INTO app.t (k, u) VALUES (1, 'no uuid')",
        "INSERT INTO app.t (k, y) VALUES (1, '2026-99-99')",
        "INSERT INTO app.t (k, n) VALUES (1, 'no.address')",
        "INSERT INTO app.t (k, li) VALUES (1, {'a': 1})",
        "INSERT INTO app.t (k, pa) VALUES (1, {c: 1})",
        "INSERT INTO app.t (k, i) VALUES (1, 1) USING TTL -1",
        "INSERT INTO app.t (k, e) VALUES (1, 70000)",
        "CREATE TABLE app.bad (k nothing PRIMARY KEY)",
        "CREATE TABLE app.bad (k int)",
        "CREATE KEYSPACE bad WITH replication = {'class': 'NoStrategy'}",
        "USE nothing",
      })
  void whatCannotBeMeantIsInvalid(String cql) throws IOException {
    try (RawClient client = new RawClient(HOST, CQL).startUp()) {
      Answer answer = client.query(cql);
      assertThat(answer.opcode()).isEqualTo(RawClient.ERROR);
      assertThat(answer.errorMessage()).isNotBlank();
      assertThat(answer.errorCode())
          .as(answer.errorMessage())
          .isIn(RawClient.INVALID, RawClient.SYNTAX_ERROR, 0x2300);
    }
  }

  /** Nesting that no stack can hold must not take the node with it. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "INSERT INTO app.t (k, li) VALUES (1, | [ | ])",
        "INSERT INTO app.t (k, li) VALUES (1, | {1: | })",
        "INSERT INTO app.t (k, tu) VALUES (1, | ( | ))",
        "SELECT i FROM app.t WHERE k = | (int) | 1",
        "SELECT i FROM app.t WHERE k = | f( | )",
        "SELECT i | .f | FROM app.t",
        "SELECT i | [1] | FROM app.t",
        "SELECT i FROM app.t WHERE k = | - | 1",
        "SELECT i FROM app.t WHERE | ( | k = 1)",
        "SELECT | token( | k) FROM app.t",
        "CREATE TABLE app.bad (k int PRIMARY KEY, v | list< | >)",
        "CREATE TABLE app.bad (k int PRIMARY KEY, v | frozen<list< | >)",
        "CREATE TABLE app.bad (k int PRIMARY KEY, v | tuple<int, | >)",
      })
  void deepNestingHasItsAnswer(String start, String nested, String end) throws IOException {
    try (RawClient client = new RawClient(HOST, CQL).startUp()) {
      for (int depth : new int[] {200, 900, 5_000, 100_000}) {
        Answer answer = client.query(start + nested.repeat(depth) + end);
        if (answer.opcode() == RawClient.ERROR) {
          assertThat(answer.errorCode())
              .as("depth " + depth + ": " + answer.errorMessage())
              .isIn(RawClient.INVALID, RawClient.SYNTAX_ERROR);
        } else {
          // Casts one after the other mean what one means.
          assertThat(nested).isEqualTo("(int)");
        }
      }
    }
  }

  @Test
  void textThatIsNoUtf8AndHugeNamesAreRefused() throws IOException {
    try (RawClient client = new RawClient(HOST, CQL).startUp()) {
      byte[] noText = "SELECT i FROM app.t WHERE k = \u00ff".getBytes(StandardCharsets.ISO_8859_1);
      assertError(
          client.ask(RawClient.QUERY, RawClient.queryBody(noText)), RawClient.SYNTAX_ERROR, "");
      String name = "n".repeat(1 << 20);
      Answer answer = client.query("SELECT " + name + " FROM app.t");
      assertThat(answer.errorCode()).isEqualTo(RawClient.INVALID);
      assertError(client.query("SELECT " + name), RawClient.SYNTAX_ERROR, "");
      answer = client.query("CREATE TABLE app." + name + " (k int PRIMARY KEY)");
      assertThat(answer.errorCode()).isEqualTo(RawClient.INVALID);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "k, 010203",
    "k, 0102030405",
    "i, 01",
    "l, 00000001",
    "u, 0102030405",
    "z, 0001",
    "a, ff",
    "s, c328",
    "n, 010203",
    "d, 0000",
    "r, 01",
    "y, 00",
    "m, 00",
    "m, ffffffffffffffff",
    "f, 00",
    "e, 00",
    "q, 00000000000040008000000000000000",
    "li, 00",
    "li, 7fffffff",
    "li, ffffffff",
    "li, 000000010000000200ff",
    "li, 00000001000000040000000100",
    "ma, 00000001000000016100000001",
    "tu, 00000009",
    "tu, 0000000400000001000000016100000000",
    "pa, 00000003000001",
  })
  void aBoundValueOfTheWrongLengthIsInvalid(String column, String hex) throws IOException {
    byte[] value = HexFormat.of().parseHex(hex);
    byte[] key = {0, 0, 0, 5};
    try (RawClient client = new RawClient(HOST, CQL).startUp()) {
      String cql =
          column.equals("k")
              ? "INSERT INTO app.t (k, i) VALUES (?, 1)"
              : "INSERT INTO app.t (" + column + ", k) VALUES (?, ?)";
      byte[][] values = column.equals("k") ? new byte[][] {value} : new byte[][] {value, key};
      byte[] id = client.prepare(cql);
      assertError(
          client.ask(RawClient.EXECUTE, RawClient.executeBody(id, values)), RawClient.INVALID, "");
      assertError(client.query(cql, values), RawClient.INVALID, "");
    }
  }

  @Test
  void valuesThatAreTooFewOrTooManyAndUnknownIdsAreRefused() throws IOException {
    byte[] four = {0, 0, 0, 4};
    try (RawClient client = new RawClient(HOST, CQL).startUp()) {
      byte[] id = client.prepare("INSERT INTO app.t (k, i) VALUES (?, ?)");
      for (byte[][] values : List.of(new byte[0][], new byte[][] {four}, new byte[5][4])) {
        assertError(
            client.ask(RawClient.EXECUTE, RawClient.executeBody(id, values)),
            RawClient.INVALID,
            "");
      }
      assertError(
          client.ask(RawClient.EXECUTE, RawClient.executeBody(new byte[16])),
          RawClient.UNPREPARED,
          "");
      assertError(
          client.ask(RawClient.EXECUTE, RawClient.executeBody(new byte[3])),
          RawClient.PROTOCOL_ERROR,
          "An id of 3 bytes");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "NONSENSE, 400",
    "GET /%zz HTTP/1.1, 400",
    "GET /v1/tables?a=%zz HTTP/1.1, 400",
    "GET /nothing HTTP/1.1, 404",
    "POST /v1/info HTTP/1.1, 405",
    "BREW /v1/info HTTP/1.1, 405",
    "GET /v1/endpoints HTTP/1.1, 400",
    "GET /v1/endpoints?keyspace=no&table=no&key=1 HTTP/1.1, 400",
    "GET /v1/endpoints?keyspace=app&table=t&key=text HTTP/1.1, 400",
    "POST /v1/flush?keyspace=no HTTP/1.1, 400",
  })
  void aBadAdministrationRequestGetsItsStatus(String line, int status) throws IOException {
    try (RawClient client = new RawClient(HOST, ADMIN)) {
      client.send((line + "\r\nHost: x\r\nConnection: close\r\n\r\n").getBytes(UTF_8));
      String answer = new String(client.readToEnd(), UTF_8);
      assertThat(answer).startsWith("HTTP/1.1 " + status + " ");
      assertThat(answer.substring(answer.indexOf("\r\n\r\n"))).isNotBlank();
    }
  }

  @Test
  void anAdministrationRequestThatIsTooLargeIsRefused() throws IOException {
    try (RawClient client = new RawClient(HOST, ADMIN)) {
      client.send(("GET /" + "x".repeat(100_000) + " HTTP/1.1\r\n\r\n").getBytes(UTF_8));
      assertThat(new String(client.readToEnd(), UTF_8)).startsWith("HTTP/1.1 400 ");
    }
    try (RawClient client = new RawClient(HOST, ADMIN)) {
      String head =
          "POST /v1/flush HTTP/1.1\r\nConnection: close\r\nContent-Length: 999999999\r\n\r\n";
      client.send(head.getBytes(UTF_8));
      assertThat(new String(client.readToEnd(), UTF_8)).startsWith("HTTP/1.1 413 ");
    }
  }

  /** A peer of our cluster by its hello, whose messages pass their checksum and mean nothing. */
  @Test
  void messagesOfAPeerThatMeanNothingAreDropped() throws IOException {
    Random random = new Random(SEED);
    for (int i = 0; i < 20; i++) {
      try (RawClient peer = new RawClient(HOST, INTERNODE)) {
        peer.send(hello("bad-input"));
        for (int j = 0; j < 50; j++) {
          byte[] message = random(random, 100);
          message[0] = (byte) random.nextInt(4);
          if (message.length > 1) {
            message[1] = (byte) random.nextInt(20);
          }
          peer.send(
              RawClient.bytes(out -> {
                out.writeInt(message.length);
                out.writeInt(checksum(message));
                out.write(message);
              }));
        }
        peer.endOfInput().readToEnd();
      }
    }
  }

  @Test
  void aPeerOfAnotherClusterAndAFrameThatIsTooLargeAreCutOff() throws IOException {
    try (RawClient peer = new RawClient(HOST, INTERNODE)) {
      peer.send(hello("another"));
      assertThat(peer.readToEnd()).isEmpty();
    }
    try (RawClient peer = new RawClient(HOST, INTERNODE)) {
      peer.send(hello("bad-input"));
      peer.send(new byte[] {0x7F, -1, -1, -1, 0, 0, 0, 0});
      assertThat(peer.readToEnd()).isEmpty();
    }
    assertThat(server.output())
        .contains("is of cluster 'another', this is 'bad-input'")
        .contains("a frame claims 2147483647 bytes");
  }

  private static byte[] hello(String cluster) throws IOException {
    byte[] said =
        RawClient.bytes(out -> {
          out.writeBytes("QRTN");
          out.writeByte(1);
          out.writeByte(cluster.length());
          out.writeBytes(cluster);
          out.writeByte("127.0.16.9".length());
          out.writeBytes("127.0.16.9");
          out.writeShort(7000);
        });
    return RawClient.bytes(out -> {
      out.write(said);
      out.writeInt(checksum(said));
    });
  }

  private static int checksum(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, bytes.length);
    return (int) crc.getValue();
  }
}

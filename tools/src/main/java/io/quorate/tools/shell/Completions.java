package io.quorate.tools.shell;

import io.quorate.client.ConnectionError;
import io.quorate.client.RequestError;
import io.quorate.client.Row;
import io.quorate.client.Session;
import io.quorate.client.Statement;
import io.quorate.protocol.ConsistencyLevel;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.jline.reader.Candidate;
import org.jline.reader.Completer;
import org.jline.reader.LineReader;
import org.jline.reader.ParsedLine;

/** What the Tab key offers: keywords, consistency levels, keyspaces and tables of the cluster. */
final class Completions implements Completer {
  private static final List<String> KEYWORDS =
      List.of(
          ("ALLOW ALTER AND APPLY AS ASC BATCH BEGIN BY CLUSTERING COUNT CREATE DELETE DESC"
                  + " DESCRIBE DISTINCT DROP EXISTS FILTERING FROM FROZEN IF IN INDEX INSERT INTO JSON"
                  + " KEY KEYSPACE KEYSPACES LIMIT LIST LOGGED MAP NOT NULL ORDER PARTITION PRIMARY"
                  + " REPLICATION SELECT SET STATIC TABLE TABLES TIMESTAMP TO TOKEN TRUNCATE TTL TUPLE"
                  + " TYPE UNLOGGED UPDATE USE USING VALUES WHERE WITH WRITETIME CONSISTENCY EXIT"
                  + " EXPAND FORMAT HELP PAGING SOURCE CLEAR")
              .split(" "));

  private final Interpreter interpreter;

  Completions(Interpreter interpreter) {
    this.interpreter = interpreter;
  }

  @Override
  public void complete(LineReader reader, ParsedLine line, List<Candidate> candidates) {
    String word = line.word();
    if (StatementSplitter.firstWord(line.line()).equals("CONSISTENCY") && line.wordIndex() > 0) {
      for (ConsistencyLevel level : ConsistencyLevel.values()) {
        candidates.add(new Candidate(level.name()));
      }
      return;
    }
    boolean lower = !word.isEmpty() && Character.isLowerCase(word.charAt(0));
    for (String keyword : KEYWORDS) {
      candidates.add(new Candidate(lower ? keyword.toLowerCase(Locale.ROOT) : keyword));
    }
    for (String name : names()) {
      candidates.add(new Candidate(name));
    }
  }

  private Set<String> names() {
    Set<String> names = new TreeSet<>();
    Session session = interpreter.session();
    try {
      Statement tables =
          Statement.of("SELECT keyspace_name, table_name FROM system_schema.tables")
              .withConsistency(ConsistencyLevel.ONE);
      for (Row row : session.rows(tables)) {
        String keyspace = row.string("keyspace_name");
        String table = row.string("table_name");
        if (keyspace != null && table != null) {
          names.add(keyspace);
          names.add(keyspace + "." + table);
          if (keyspace.equals(interpreter.keyspace())) {
            names.add(table);
          }
        }
      }
    } catch (RequestError | ConnectionError e) {
      // Completion is a convenience: without an answer it offers keywords alone.
      return names;
    }
    return names;
  }
}

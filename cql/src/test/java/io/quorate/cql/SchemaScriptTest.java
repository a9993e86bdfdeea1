package io.quorate.cql;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.coordinator.metadata.ColumnMetadata;
import io.quorate.coordinator.metadata.TableMetadata;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A column that gets another id when a backup's schema is made again shows another's values. */
class SchemaScriptTest {
  private static List<ColumnMetadata> columns(Cql cql, String table) {
    TableMetadata metadata = cql.coordinator.metadata().table("ks", table);
    if (metadata == null) {
      throw new AssertionError("no table " + table);
    }
    List<ColumnMetadata> columns = new ArrayList<>(metadata.columns());
    columns.sort(Comparator.comparingInt(ColumnMetadata::id));
    return columns;
  }

  @Test
  void everyColumnGetsTheIdThatItHad() {
    Cql cql = new Cql();
    cql.run("CREATE TYPE ks.inner (a int)");
    cql.run("CREATE TYPE ks.aaa (b frozen<inner>)");
    cql.run("CREATE TABLE ks.plain (z text, k int PRIMARY KEY, a list<int>, m frozen<aaa>)");
    cql.run(
        "CREATE TABLE ks.changed (c int, k int, z text, s int static, a int, PRIMARY KEY (k, c))"
            + " WITH CLUSTERING ORDER BY (c DESC)");
    cql.run("ALTER TABLE ks.changed DROP z");
    cql.run("ALTER TABLE ks.changed ADD b text");
    cql.run("ALTER TABLE ks.changed ADD \"Other\" int");
    cql.run("ALTER TABLE ks.changed DROP b");
    cql.run("ALTER TABLE ks.changed ADD b text");
    String script = SchemaScript.of(cql.coordinator.metadata().keyspaces());

    Cql again = new Cql();
    again.run("DROP KEYSPACE ks");
    for (String statement : script.split(";\n")) {
      again.run(statement);
    }
    for (String table : List.of("plain", "changed")) {
      assertThat(columns(again, table)).as(script).isEqualTo(columns(cql, table));
    }
  }
}

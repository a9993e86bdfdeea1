package io.quorate.protocol.types;

import java.util.Set;
import java.util.regex.Pattern;

/** How names stand in CQL text. */
public final class Identifiers {
  private Identifiers() {}

  private static final Pattern PLAIN = Pattern.compile("[a-z][a-z0-9_]*");

  /** The reserved words: a name that is one of them must be quoted. */
  private static final Set<String> RESERVED =
      Set.of(
          "add",
          "allow",
          "alter",
          "and",
          "apply",
          "asc",
          "authorize",
          "batch",
          "begin",
          "by",
          "columnfamily",
          "create",
          "default",
          "delete",
          "desc",
          "describe",
          "drop",
          "entries",
          "execute",
          "from",
          "full",
          "grant",
          "if",
          "in",
          "index",
          "infinity",
          "insert",
          "into",
          "is",
          "keyspace",
          "limit",
          "materialized",
          "mbean",
          "mbeans",
          "modify",
          "nan",
          "norecursive",
          "not",
          "null",
          "of",
          "on",
          "or",
          "order",
          "primary",
          "rename",
          "replace",
          "revoke",
          "schema",
          "select",
          "set",
          "table",
          "to",
          "token",
          "truncate",
          "unlogged",
          "unset",
          "update",
          "use",
          "using",
          "view",
          "where",
          "with");

  public static boolean isReserved(String lowerCaseWord) {
    return RESERVED.contains(lowerCaseWord);
  }

  /** The name as CQL text that reads back as this name. */
  public static String quoteIfNeeded(String name) {
    if (PLAIN.matcher(name).matches() && !isReserved(name)) {
      return name;
    }
    return '"' + name.replace("\"", "\"\"") + '"';
  }
}

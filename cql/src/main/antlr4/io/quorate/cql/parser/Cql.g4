/*
 * CQL 3.4. What is known but not supported is parsed as far as its name, so that it can be refused
 * by name. Keywords that are not reserved may be used as identifiers.
 */
grammar Cql;

options { caseInsensitive = true; }

query : statement ';'* EOF ;

statement
    : selectStatement
    | insertStatement
    | updateStatement
    | deleteStatement
    | batchStatement
    | useStatement
    | truncateStatement
    | createKeyspaceStatement
    | alterKeyspaceStatement
    | dropKeyspaceStatement
    | createTableStatement
    | alterTableStatement
    | dropTableStatement
    | createTypeStatement
    | alterTypeStatement
    | dropTypeStatement
    | describeStatement
    | unsupportedStatement
    ;

// ---- reading

selectStatement
    : SELECT JSON? DISTINCT? selection FROM tableName
      (WHERE whereClause)?
      (GROUP BY groupBy+=selector (',' groupBy+=selector)*)?
      (ORDER BY ordering (',' ordering)*)?
      (PER PARTITION LIMIT perPartitionLimit=limitValue)?
      (LIMIT limit=limitValue)?
      (ALLOW FILTERING)?
    ;

selection : '*' | aliasedSelector (',' aliasedSelector)* ;

aliasedSelector : selector (AS alias=identifier)? ;

selector
    : COUNT '(' ('*' | INTEGER) ')'                              # countAll
    | CAST '(' selector AS type ')'                              # castSelector
    | functionName '(' (selector (',' selector)*)? ')'           # callSelector
    | selector '.' identifier                                    # fieldSelector
    | selector '[' term ']'                                      # elementSelector
    | identifier                                                 # columnSelector
    | literalTerm                                                # literalSelector
    ;

ordering : identifier (ASC | DESC)? (ANN OF term)? ;

limitValue : INTEGER | bindMarker ;

whereClause : relation (AND relation)* ;

relation
    : '(' relation ')'                                                       # nestedRelation
    | TOKEN '(' identifier (',' identifier)* ')' comparison term             # tokenRelation
    | '(' identifier (',' identifier)* ')' comparison term                   # columnsRelation
    | '(' identifier (',' identifier)* ')' IN inValues                       # columnsInRelation
    | identifier comparison term                                             # columnRelation
    | identifier IN inValues                                                 # inRelation
    | identifier CONTAINS KEY? term                                          # containsRelation
    | identifier '[' term ']' comparison term                                # elementRelation
    | identifier LIKE term                                                   # likeRelation
    | identifier IS NOT NULL                                                 # isNotNullRelation
    ;

inValues : bindMarker | '(' (term (',' term)*)? ')' ;

comparison : '=' | '<' | '<=' | '>' | '>=' | '!=' ;

// ---- writing

insertStatement
    : INSERT INTO tableName JSON term (DEFAULT (NULL | UNSET))? (IF NOT EXISTS)? usingClause?
    | INSERT INTO tableName '(' identifier (',' identifier)* ')'
      VALUES '(' term (',' term)* ')' (IF NOT EXISTS)? usingClause?
    ;

usingClause : USING usingAttribute (AND usingAttribute)* ;

usingAttribute : TIMESTAMP attributeValue | TTL attributeValue | TIMEOUT term ;

attributeValue : INTEGER | bindMarker ;

updateStatement
    : UPDATE tableName usingClause? SET assignment (',' assignment)* WHERE whereClause ifClause?
    ;

assignment
    : identifier '=' term                                        # setAssignment
    | identifier '=' source=identifier op=('+' | '-') term       # addAssignment
    | identifier '=' source=identifier INTEGER                   # counterAssignment
    | identifier '=' term '+' source=identifier                  # prependAssignment
    | identifier op=('+=' | '-=') term                           # shortAssignment
    | identifier '[' key=term ']' '=' value=term                 # elementAssignment
    | identifier '.' field=identifier '=' term                   # fieldAssignment
    ;

ifClause : IF EXISTS | IF condition (AND condition)* ;

condition
    : identifier ('[' term ']' | '.' identifier)? (comparison term | IN inValues | CONTAINS KEY? term)
    ;

deleteStatement
    : DELETE (deletion (',' deletion)*)? FROM tableName usingClause? WHERE whereClause ifClause?
    ;

deletion
    : identifier                                                 # columnDeletion
    | identifier '[' term ']'                                    # elementDeletion
    | identifier '.' field=identifier                            # fieldDeletion
    ;

batchStatement
    : BEGIN kind=(UNLOGGED | COUNTER)? BATCH usingClause? (batchEntry ';'*)* APPLY BATCH
    ;

batchEntry : insertStatement | updateStatement | deleteStatement ;

truncateStatement : TRUNCATE (TABLE | COLUMNFAMILY)? tableName ;

useStatement : USE identifier ;

// ---- schema

createKeyspaceStatement : CREATE (KEYSPACE | SCHEMA) ifNotExists? identifier WITH properties ;

alterKeyspaceStatement : ALTER (KEYSPACE | SCHEMA) ifExists? identifier WITH properties ;

dropKeyspaceStatement : DROP (KEYSPACE | SCHEMA) ifExists? identifier ;

createTableStatement
    : CREATE (TABLE | COLUMNFAMILY) ifNotExists? tableName
      '(' tableElement (',' tableElement)* ')'
      (WITH tableProperty (AND tableProperty)*)?
    ;

tableElement
    : identifier type STATIC? (PRIMARY KEY)?                     # columnElement
    | PRIMARY KEY '(' partitionKey (',' identifier)* ')'         # primaryKeyElement
    ;

partitionKey : identifier | '(' identifier (',' identifier)* ')' ;

tableProperty
    : CLUSTERING ORDER BY '(' ordering (',' ordering)* ')'       # clusteringOrderProperty
    | COMPACT STORAGE                                            # compactStorageProperty
    | property                                                   # plainProperty
    ;

alterTableStatement
    : ALTER (TABLE | COLUMNFAMILY) ifExists? tableName
      ( ADD ifNotExists? ( columnToAdd | '(' columnToAdd (',' columnToAdd)* ')'
                         | columnToAdd (',' columnToAdd)+ )
      | DROP ifExists? ( drop+=identifier | '(' drop+=identifier (',' drop+=identifier)* ')' )
        (USING TIMESTAMP INTEGER)?
      | RENAME ifExists? renaming (AND renaming)*
      | ALTER ifExists? altered=identifier TYPE type
      | WITH properties
      )
    ;

columnToAdd : identifier type STATIC? ;

renaming : from=identifier TO to=identifier ;

dropTableStatement : DROP (TABLE | COLUMNFAMILY) ifExists? tableName ;

createTypeStatement
    : CREATE TYPE ifNotExists? tableName '(' fieldDefinition (',' fieldDefinition)* ')'
    ;

fieldDefinition : identifier type ;

alterTypeStatement
    : ALTER TYPE ifExists? tableName
      ( ADD ifNotExists? fieldDefinition
      | RENAME ifExists? renaming (AND renaming)*
      | ALTER identifier TYPE type
      )
    ;

dropTypeStatement : DROP TYPE ifExists? tableName ;

properties : property (AND property)* ;

property : identifier '=' (propertyValue | mapLiteral) ;

propertyValue : STRING | INTEGER | FLOAT | BOOLEAN | UUID | HEX | identifier ;

mapLiteral : '{' (mapEntry (',' mapEntry)*)? '}' ;

mapEntry : key=propertyValue ':' value=propertyValue ;

ifNotExists : IF NOT EXISTS ;

ifExists : IF EXISTS ;

// ---- describing

describeStatement
    : (DESCRIBE | DESC)
      ( FULL? SCHEMA
      | CLUSTER
      | KEYSPACES
      | TABLES
      | TYPES
      | FUNCTIONS
      | AGGREGATES
      | ONLY? KEYSPACE identifier?
      | (TABLE | COLUMNFAMILY) tableName
      | TYPE tableName
      | INDEX tableName
      | MATERIALIZED VIEW tableName
      | FUNCTION tableName
      | AGGREGATE tableName
      | tableName
      )
      (WITH INTERNALS)?
    ;

// ---- known, and refused by name

unsupportedStatement
    : CREATE CUSTOM? what=INDEX anything
    | DROP what=INDEX anything
    | CREATE MATERIALIZED what=VIEW anything
    | ALTER MATERIALIZED what=VIEW anything
    | DROP MATERIALIZED what=VIEW anything
    | CREATE (OR REPLACE)? what=FUNCTION anything
    | DROP what=FUNCTION anything
    | CREATE (OR REPLACE)? what=AGGREGATE anything
    | DROP what=AGGREGATE anything
    | (CREATE | DROP) what=TRIGGER anything
    | (CREATE | ALTER | DROP) what=ROLE anything
    | (CREATE | ALTER | DROP) what=USER anything
    | LIST what=(ROLES | USERS) anything
    | LIST anything
    | what=GRANT anything
    | what=REVOKE anything
    ;

anything : ~';'* ;

// ---- terms

term
    : literalTerm                                                # simpleTerm
    | bindMarker                                                 # markerTerm
    | '(' type ')' term                                          # hintTerm
    | functionName '(' (term (',' term)*)? ')'                   # callTerm
    | collectionTerm                                             # collection
    | '(' term (',' term)* ')'                                   # tupleTerm
    ;

literalTerm
    : STRING
    | INTEGER
    | FLOAT
    | BOOLEAN
    | DURATION
    | UUID
    | HEX
    | NULL
    | '-'? (NAN | INFINITY)
    ;

bindMarker : '?' | ':' identifier ;

collectionTerm
    : '[' (term (',' term)*)? ']'                                # listTerm
    | '{' '}'                                                    # emptyTerm
    | '{' identifier ':' term (',' identifier ':' term)* '}'     # userTypeTerm
    | '{' term ':' term (',' term ':' term)* '}'                 # mapTerm
    | '{' term (',' term)* '}'                                   # setTerm
    ;

functionName : (identifier '.')? (identifier | TOKEN) ;

tableName : (keyspace=identifier '.')? name=identifier ;

type
    : FROZEN '<' type '>'
    | (identifier | SET) ('.' identifier)? ('<' typeArgument (',' typeArgument)* '>')?
    | STRING
    ;

typeArgument : type | INTEGER ;

identifier : IDENTIFIER | QUOTED | unreserved ;

unreserved
    : AGGREGATE | AGGREGATES | ALL | ANN | AS | CAST | CLUSTER | CLUSTERING | COMPACT
    | CONTAINS | COUNT | COUNTER | CUSTOM | DISTINCT | EXISTS | FILTERING | FROZEN | FUNCTION
    | FUNCTIONS | GROUP | INTERNALS | JSON | KEY | KEYSPACES | LIKE | LIST | ONLY | OPTIONS
    | PARTITION | PER | ROLE | ROLES | STATIC | STORAGE | TABLES | TIMEOUT | TIMESTAMP | TRIGGER
    | TTL | TYPE | TYPES | USER | USERS | VALUES
    ;

// ---- words

ADD : 'ADD' ;
AGGREGATE : 'AGGREGATE' ;
AGGREGATES : 'AGGREGATES' ;
ALL : 'ALL' ;
ALLOW : 'ALLOW' ;
ALTER : 'ALTER' ;
AND : 'AND' ;
ANN : 'ANN' ;
APPLY : 'APPLY' ;
AS : 'AS' ;
ASC : 'ASC' ;
BATCH : 'BATCH' ;
BEGIN : 'BEGIN' ;
BY : 'BY' ;
CAST : 'CAST' ;
CLUSTER : 'CLUSTER' ;
CLUSTERING : 'CLUSTERING' ;
COLUMNFAMILY : 'COLUMNFAMILY' ;
COMPACT : 'COMPACT' ;
CONTAINS : 'CONTAINS' ;
COUNT : 'COUNT' ;
COUNTER : 'COUNTER' ;
CREATE : 'CREATE' ;
CUSTOM : 'CUSTOM' ;
DEFAULT : 'DEFAULT' ;
DELETE : 'DELETE' ;
DESC : 'DESC' ;
DESCRIBE : 'DESCRIBE' ;
DISTINCT : 'DISTINCT' ;
DROP : 'DROP' ;
EXISTS : 'EXISTS' ;
FILTERING : 'FILTERING' ;
FROM : 'FROM' ;
FROZEN : 'FROZEN' ;
FULL : 'FULL' ;
FUNCTION : 'FUNCTION' ;
FUNCTIONS : 'FUNCTIONS' ;
GRANT : 'GRANT' ;
GROUP : 'GROUP' ;
IF : 'IF' ;
IN : 'IN' ;
INDEX : 'INDEX' ;
INFINITY : 'INFINITY' ;
INSERT : 'INSERT' ;
INTERNALS : 'INTERNALS' ;
INTO : 'INTO' ;
IS : 'IS' ;
JSON : 'JSON' ;
KEY : 'KEY' ;
KEYSPACE : 'KEYSPACE' ;
KEYSPACES : 'KEYSPACES' ;
LIKE : 'LIKE' ;
LIMIT : 'LIMIT' ;
LIST : 'LIST' ;
MATERIALIZED : 'MATERIALIZED' ;
NAN : 'NAN' ;
NOT : 'NOT' ;
NULL : 'NULL' ;
OF : 'OF' ;
ONLY : 'ONLY' ;
OPTIONS : 'OPTIONS' ;
OR : 'OR' ;
ORDER : 'ORDER' ;
PARTITION : 'PARTITION' ;
PER : 'PER' ;
PRIMARY : 'PRIMARY' ;
RENAME : 'RENAME' ;
REPLACE : 'REPLACE' ;
REVOKE : 'REVOKE' ;
ROLE : 'ROLE' ;
ROLES : 'ROLES' ;
SCHEMA : 'SCHEMA' ;
SELECT : 'SELECT' ;
SET : 'SET' ;
STATIC : 'STATIC' ;
STORAGE : 'STORAGE' ;
TABLE : 'TABLE' ;
TABLES : 'TABLES' ;
TIMEOUT : 'TIMEOUT' ;
TIMESTAMP : 'TIMESTAMP' ;
TO : 'TO' ;
TOKEN : 'TOKEN' ;
TRIGGER : 'TRIGGER' ;
TRUNCATE : 'TRUNCATE' ;
TTL : 'TTL' ;
TYPE : 'TYPE' ;
TYPES : 'TYPES' ;
UNLOGGED : 'UNLOGGED' ;
UNSET : 'UNSET' ;
UPDATE : 'UPDATE' ;
USE : 'USE' ;
USER : 'USER' ;
USERS : 'USERS' ;
USING : 'USING' ;
VALUES : 'VALUES' ;
VIEW : 'VIEW' ;
WHERE : 'WHERE' ;
WITH : 'WITH' ;

BOOLEAN : 'TRUE' | 'FALSE' ;

STRING : '\'' ( ~'\'' | '\'\'' )* '\'' | '$$' .*? '$$' ;

QUOTED : '"' ( ~'"' | '""' )+ '"' ;

UUID : HEX8 '-' HEX4 '-' HEX4 '-' HEX4 '-' HEX4 HEX8 ;

HEX : '0X' HEXDIGIT* ;

DURATION
    : '-'? (DIGITS UNIT)+
    | '-'? 'P' (DIGITS 'Y')? (DIGITS 'M')? (DIGITS 'D')? ('T' (DIGITS 'H')? (DIGITS 'M')? (DIGITS 'S')?)?
      {getText().matches(".*[0-9].*")}?
    | '-'? 'P' DIGITS 'W'
    ;

INTEGER : '-'? DIGITS ;

FLOAT : '-'? DIGITS ('.' [0-9]*)? ('E' [+-]? DIGITS)? ;

IDENTIFIER : [A-Z] [A-Z0-9_]* ;

fragment DIGITS : [0-9]+ ;
fragment HEXDIGIT : [0-9A-F] ;
fragment HEX4 : HEXDIGIT HEXDIGIT HEXDIGIT HEXDIGIT ;
fragment HEX8 : HEX4 HEX4 ;
fragment UNIT : 'Y' | 'MO' | 'W' | 'D' | 'H' | 'M' | 'S' | 'MS' | 'US' | 'µS' | 'NS' ;

BLANK : [ \t\r\n]+ -> skip ;
COMMENT : ('--' | '//') ~[\r\n]* -> skip ;
BLOCK_COMMENT : '/*' .*? '*/' -> skip ;
ANY : . ;

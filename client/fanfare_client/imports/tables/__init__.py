"""Tables as people save them: CSV of any kind, and spreadsheets.

options      how to read a table, if it can't be seen
text         encodings and lines
delimited    rows of CSV
sheets       rows of .xlsx and .ods
cell_errors  cells of a sheet that show an error
header       which column is which field
damage       what spreadsheets do to values
made_of      what a spreadsheet made of a value that is stored
phones       phone numbers
words        refusals
users        a row as a user
"""

"""A sheet of two hundred users as LibreOffice saves it in German, French, Japanese and English."""

"""File tools: recognise, show and check B2, NOEMIE and ARL files, zones and messages made by any software."""

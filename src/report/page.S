// The page of web/dist/report.html as read-only bytes of the program, and their number.

    .section .rodata
    .balign 8
    .global wattune_report_page
    .hidden wattune_report_page
wattune_report_page:
    .incbin WATTUNE_REPORT_PAGE
wattune_report_page_end:
    .balign 8
    .global wattune_report_page_size
    .hidden wattune_report_page_size
wattune_report_page_size:
    .quad wattune_report_page_end - wattune_report_page

    .section .note.GNU-stack, "", %progbits

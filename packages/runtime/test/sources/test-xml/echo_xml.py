import xml.etree.ElementTree as ET

# modelop.score
def action(text):
    root = ET.fromstring(text)
    yield "<n>%d</n>" % len(root)
    yield {"text": text, "ä": root.tag}
